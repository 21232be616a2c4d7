/// How far a subscriber has got in one of its topics, besides its position in the log as a whole.
public struct TopicCursor: Sendable, Hashable {
    /// The topic.
    public let topic: TopicID
    /// A gap need not report missing events of this topic up to here: an earlier gap has, or the subscriber chose to
    /// start after them.
    public let reportedThrough: UInt64
    /// Of a pattern: how many evictions had happened at the last report, because the log does not evict the events of
    /// several channels in its own order. 0 for a channel.
    public let reportedEvictions: UInt64

    /// A topic, from a position on.
    public init(topic: TopicID, reportedThrough: UInt64, reportedEvictions: UInt64 = 0) {
        self.topic = topic
        self.reportedThrough = reportedThrough
        self.reportedEvictions = reportedEvictions
    }
}
