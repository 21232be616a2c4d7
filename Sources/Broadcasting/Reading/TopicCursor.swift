/// How far a subscriber knows about one of its topics, besides the position that it has in the log as a whole.
public struct TopicCursor: Sendable, Hashable {
    /// The topic.
    public let topic: TopicID
    /// The events of this topic up to here need no further report when they are missing: a gap has reported them, or the
    /// subscriber chose to start after them.
    public let reportedThrough: UInt64
    /// Of a pattern: how many events had been evicted at the last report, since events of several channels are not evicted
    /// in the order of the log. 0 for a channel.
    public let reportedEvictions: UInt64

    /// A topic, from a position on.
    public init(topic: TopicID, reportedThrough: UInt64, reportedEvictions: UInt64 = 0) {
        self.topic = topic
        self.reportedThrough = reportedThrough
        self.reportedEvictions = reportedEvictions
    }
}
