/// Figures of one channel.
public struct ChannelSummary: Sendable, Hashable {
    /// Its name.
    public let name: ChannelName
    /// Subscribers, live or behind.
    public let subscribers: Int
    /// Retained events.
    public let events: Int
    /// Their bytes on the wire.
    public let bytes: Int
    /// The id of the oldest retained event.
    public let first: String?
    /// The id of the newest retained event.
    public let last: String?

    init(_ topic: Topic, _ name: ChannelName, _ log: EventLog) {
        self.name = name
        subscribers = topic.subscribers
        events = topic.log.entries.count
        bytes = topic.log.bytes
        first = topic.log.oldestEntry.map { log.id($0.sequence, in: topic.log) }
        last = topic.log.newestEntry.map { log.id($0.sequence, in: topic.log) }
    }
}
