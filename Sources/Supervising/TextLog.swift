import Kernel
public import Logging

/// Writes log records to standard error, as lines for people to read.
public struct TextLog: LogHandler {
    /// The lowest level that it writes.
    public var logLevel: Logger.Level
    /// Metadata that it adds to each record.
    public var metadata: Logger.Metadata = [:]

    /// A handler that writes records of `level` and above.
    public init(level: Logger.Level) {
        logLevel = level
    }

    /// The metadata for a key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line with one system call, so that lines of several threads do not mix.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let line = "\(Self.time()) \(event.level): \(LogText.line(event.message, all))\n"
        _ = StandardStream.error.write(Array(line.utf8))
    }

    private static func time() -> String {
        let now = Clock.localTime
        return [now.hour, now.minute, now.second].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
