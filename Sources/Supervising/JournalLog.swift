import CSystemd
import Glibc
import Kernel
public import Logging

/// Writes log records to the systemd journal. Each piece of metadata becomes a field: `CRIER_PEER=…`.
public struct JournalLog: LogHandler {
    /// The lowest level that it writes.
    public var logLevel: Logger.Level
    /// Metadata that it adds to each record.
    public var metadata: Logger.Metadata = [:]

    /// A handler that writes records of `level` and above.
    public init(level: Logger.Level) {
        logLevel = level
    }

    /// Whether standard error of this process goes to the journal. Then systemd started it, and it should use the
    /// journal's own protocol (`systemd.exec(5)`, JOURNAL_STREAM).
    public static var isConnected: Bool {
        guard let stream = Environment["JOURNAL_STREAM"], let file = StandardStream.error.file else { return false }
        return stream == "\(file)"
    }

    /// The metadata for a key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Sends one record. The corresponding C function is `sd_journal_sendv`.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let message = LogText.line(event.message, all)
        var fields = ["MESSAGE=\(message)", "PRIORITY=\(Self.priority(event.level))", "SYSLOG_IDENTIFIER=crier"]
        if let number = MessageIDs.byMessage["\(event.message)"] { fields.append("MESSAGE_ID=\(number)") }
        for (key, value) in all { fields.append("CRIER_\(Self.fieldName(key))=\(value)") }
        let bytes = fields.map { Array($0.utf8) }
        var pieces: [iovec] = unsafe []
        for field in bytes {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: field.count, alignment: 1)
            unsafe copy.copyBytes(from: field)
            unsafe pieces.append(iovec(iov_base: copy.baseAddress, iov_len: copy.count))
        }
        _ = unsafe sd_journal_sendv(pieces, CInt(pieces.count))
        for index in unsafe pieces.indices { unsafe pieces[index].iov_base?.deallocate() }
    }

    /// The levels of syslog(3), 2 to 7.
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// The journal accepts only A-Z, 0-9 and underscores in field names.
    private static func fieldName(_ key: String) -> String {
        String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
