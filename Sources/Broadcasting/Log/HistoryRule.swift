/// The limits of the channels that a pattern matches.
public struct HistoryRule: Sendable, Hashable {
    /// Matches the channels; a subscriber by pattern has the rule with the same pattern.
    public var pattern: ChannelPattern
    /// Their limits.
    public var limits: HistoryLimits
    /// The treatment of their slow subscribers.
    public var slow: SlowPolicy
    /// The figures that the channels count for; nil for none.
    public var group: ChannelGroup?

    /// A rule for the channels that match.
    public init(
        pattern: ChannelPattern, limits: HistoryLimits, slow: SlowPolicy = SlowPolicy(), group: ChannelGroup? = nil
    ) {
        self.pattern = pattern
        self.limits = limits
        self.slow = slow
        self.group = group
    }
}
