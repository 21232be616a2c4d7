/// How much of one channel the log retains for subscribers that resume. The limit that is reached first applies.
public struct HistoryLimits: Sendable, Hashable {
    /// Events, 0 or more; 0 retains nothing.
    public var events: Int
    /// Bytes on the wire, 0 or more. The log retains the newest event even when that alone is larger.
    public var bytes: Int
    /// Milliseconds since the event was published, 0 or more.
    public var age: UInt64
    /// Where a subscriber without a position starts.
    public var replay: ReplayStart

    /// Limits for a channel: 1000 events, 1 MiB and an hour, unless they are given.
    public init(events: Int = 1000, bytes: Int = 1 << 20, age: UInt64 = 3_600_000, replay: ReplayStart = .none) {
        self.events = events
        self.bytes = bytes
        self.age = age
        self.replay = replay
    }
}
