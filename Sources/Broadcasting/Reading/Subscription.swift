/// Where a new subscriber starts.
public struct Subscription: Sendable {
    /// Its topics, in the order of the request, without those that have ended.
    public let cursors: [TopicCursor]
    /// The channel or pattern of each topic.
    public let subjects: [TopicSubject]
    /// The subscriber starts after the event with this sequence number.
    public let position: UInt64
    /// Whether the subscriber must read the log before it is live.
    public let isBehind: Bool
    /// Whether the client named a position.
    public let isResumed: Bool
    /// Whether the subscriber resumes in a channel that has newer events; unknown, and false, for patterns.
    public let hasMissed: Bool
    /// The gap that crier sends first, when the log no longer retains all events after the position that the client
    /// named.
    public let gap: Gap?
}
