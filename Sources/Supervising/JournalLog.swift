import CSystemd
import Glibc
public import Logging

/// Writes log records to the journal, each piece of metadata as a field of its own: `CRIER_PEER=…`.
public struct JournalLog: LogHandler {
    /// Records below it are dropped.
    public var logLevel: Logger.Level
    /// Added to each record.
    public var metadata: Logger.Metadata = [:]

    /// A handler.
    public init(level: Logger.Level) {
        logLevel = level
    }

    /// Whether what this process writes to standard error goes to the journal: then it was started by systemd, and
    /// should speak the journal's own protocol (`systemd.exec(5)`, JOURNAL_STREAM).
    public static var isConnected: Bool {
        guard let value = unsafe getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return unsafe String(cString: value) == "\(status.st_dev):\(status.st_ino)"
    }

    /// Metadata by key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Sends one record. The C function is `sd_journal_sendv`.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let message = LogText.line(event.message, all)
        var fields = ["MESSAGE=\(message)", "PRIORITY=\(Self.priority(event.level))", "SYSLOG_IDENTIFIER=crier"]
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

    /// The levels of syslog(3).
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

    /// Upper-case letters, digits and underscores, as the journal wants its field names.
    private static func fieldName(_ key: String) -> String {
        String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
