/// The limits of the channels that a pattern matches.
public struct HistoryRule: Sendable, Hashable {
    /// Which channels.
    public var pattern: ChannelPattern
    /// Their limits.
    public var limits: HistoryLimits
    /// What crier does about their slow subscribers.
    public var slow: SlowPolicy

    /// A rule for the channels that match.
    public init(pattern: ChannelPattern, limits: HistoryLimits, slow: SlowPolicy = SlowPolicy()) {
        self.pattern = pattern
        self.limits = limits
        self.slow = slow
    }
}
