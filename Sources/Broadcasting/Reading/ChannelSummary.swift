/// Figures of one channel.
public struct ChannelSummary: Sendable, Hashable {
    /// Its name.
    public let name: ChannelName
    /// Subscribers by name, live or behind, of all nodes; subscribers by pattern do not count.
    public let subscribers: Int
    /// Retained events. In a channel that has ended and still has subscribers, the end counts as one.
    public let events: Int
    /// Their bytes on the wire.
    public let bytes: Int
    /// The id of the oldest retained event; nil when the log retains none.
    public let first: String?
    /// The id of the newest retained event; nil when the log retains none.
    public let last: String?

    /// - Parameter remote: subscribers of other nodes.
    init(_ topic: Topic, _ name: ChannelName, _ log: EventLog, remote: Int) {
        self.name = name
        subscribers = topic.subscribers + remote
        events = topic.log.entries.count
        bytes = topic.log.bytes
        first = topic.log.oldestEntry.map { log.id($0.sequence, in: topic.log) }
        last = topic.log.newestEntry.map { log.id($0.sequence, in: topic.log) }
    }
}
