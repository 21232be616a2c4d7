import Glibc
public import Logging

/// Writes log records to standard error as lines to be read by people.
public struct TextLog: LogHandler {
    /// Records below it are dropped.
    public var logLevel: Logger.Level
    /// Added to each record.
    public var metadata: Logger.Metadata = [:]

    /// A handler.
    public init(level: Logger.Level) {
        logLevel = level
    }

    /// Metadata by key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line, in one call, so that lines of several threads do not mix.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let line = Array("\(Self.time()) \(event.level): \(LogText.line(event.message, all))\n".utf8)
        _ = unsafe line.withUnsafeBufferPointer { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func time() -> String {
        var now = Glibc.time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&now, &parts)
        let fields = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
        return fields.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}

/// How a record reads.
enum LogText {
    /// The message, and what belongs to it as `key=value`. Control characters are written as escapes: what a client
    /// sent must not be able to begin a new line in a log.
    static func line(_ message: Logger.Message, _ metadata: [(key: String, value: Logger.MetadataValue)]) -> String {
        ([escape("\(message)")] + metadata.map { "\($0.key)=\(escape("\($0.value)"))" }).joined(separator: " ")
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
