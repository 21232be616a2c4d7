/// Where a new subscriber starts.
public struct Subscription: Sendable {
    /// Its topics, in the order of the request, without those that have ended.
    public let cursors: [TopicCursor]
    /// It starts after the event with this sequence number.
    public let position: UInt64
    /// Whether it must read the log before it is live.
    public let isBehind: Bool
    /// Whether it resumes and the log is known to have events for it.
    public let hasMissed: Bool
    /// What it is told first, when the log does not retain the events after the position that it named.
    public let gap: Gap?
}
