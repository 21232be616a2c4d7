import Broadcasting
import Bytes
import DequeModule
import EventStreams
import Kernel
public import Logging

/// The newest log records, until the first loop publishes them to `$crier/log`.
///
/// A record comes from any thread, also from one that has the lock of the hub. So it waits here.
public final class LogChannel: Sendable {
    /// The most characters of a value: somebody else may have written it.
    fileprivate static let longest = 1000
    /// The most records that wait. Older ones are dropped: the log itself has them.
    private static let limit = 100

    private let waiting = Guarded<Deque<[UInt8]>>([])

    /// Without records.
    public init() {}

    /// Adds a record.
    func append(_ json: [UInt8]) {
        waiting.withLock { records in
            if records.count == Self.limit { records.removeFirst() }
            records.append(json)
        }
    }

    /// Takes the records that wait.
    func take() -> [[UInt8]] {
        waiting.withLock { records in
            defer { records = [] }
            return Array(records)
        }
    }

    /// Returns a handler that adds records to the channel.
    public func handler(level: Logger.Level) -> some LogHandler { ChannelLog(channel: self, logLevel: level) }
}

/// Writes log records to `$crier/log`.
private struct ChannelLog: LogHandler {
    let channel: LogChannel
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var json = Array(#"{"time":\#(Clock.realtime),"level":"\#(event.level)","message":"#.utf8)
        JSONText.append(quoted: "\(event.message)", to: &json)
        json.append(#","fields":{"#)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        for (index, (key, value)) in all.enumerated() {
            if index > 0 { json.append(",") }
            JSONText.append(quoted: key, to: &json)
            json.append(":")
            JSONText.append(quoted: String("\(value)".prefix(LogChannel.longest)), to: &json)
        }
        json.append("}}")
        channel.append(json)
    }
}
