/// How much of one channel is held for those who come back. Whichever limit is reached first counts.
public struct HistoryLimits: Sendable, Hashable {
    /// Events, 0 or more; 0 holds nothing.
    public var events: Int
    /// Bytes on the wire; the newest event is held even when it alone is larger.
    public var bytes: Int
    /// Milliseconds since the event was published.
    public var age: UInt64
    /// Where newcomers begin.
    public var replay: Replay

    /// Limits for a channel.
    public init(events: Int = 1000, bytes: Int = 1 << 20, age: UInt64 = 3_600_000, replay: Replay = .none) {
        self.events = events
        self.bytes = bytes
        self.age = age
        self.replay = replay
    }
}

/// What holds for every channel.
public struct HistoryPolicy: Sendable, Hashable {
    /// What holds for the channels of a pattern.
    public struct Rule: Sendable, Hashable {
        /// Which channels.
        public var pattern: ChannelPattern
        /// Their limits.
        public var limits: HistoryLimits
        /// What becomes of their subscribers that do not keep up.
        public var slow: SlowPolicy

        /// What holds for the channels that match.
        public init(pattern: ChannelPattern, limits: HistoryLimits, slow: SlowPolicy = SlowPolicy()) {
            self.pattern = pattern
            self.limits = limits
            self.slow = slow
        }
    }

    /// For channels that no rule names.
    public var standard: HistoryLimits
    /// For channels that no rule names.
    public var slow: SlowPolicy
    /// The first that matches decides.
    public var rules: [Rule]
    /// Bytes over all channels, with ``bookkeeping`` for each event; the oldest events go first.
    public var total: Int
    /// Bytes of events that stay in memory when an archive has them too; the newest do.
    public var memory: Int
    /// Channels that hold events or have subscribers; more are refused.
    public var channels: Int
    /// Milliseconds for which an idempotency key is remembered.
    public var idempotencyWindow: UInt64
    /// How many of them are remembered.
    public var idempotencyKeys: Int

    /// What an event is counted with besides its bytes on the wire, so that a flood of tiny events is bounded too.
    public static let bookkeeping = 256

    /// A policy.
    public init(
        standard: HistoryLimits = HistoryLimits(), slow: SlowPolicy = SlowPolicy(), rules: [Rule] = [],
        total: Int = 256 << 20, memory: Int = 64 << 20, channels: Int = 1_000_000,
        idempotencyWindow: UInt64 = 600_000, idempotencyKeys: Int = 100_000
    ) {
        self.standard = standard
        self.slow = slow
        self.rules = rules
        self.total = total
        self.memory = memory
        self.channels = channels
        self.idempotencyWindow = idempotencyWindow
        self.idempotencyKeys = idempotencyKeys
    }

    /// The rule that decides about one channel; nil when it is as every other.
    func rule(for name: ChannelName) -> Rule? { rules.first { $0.pattern.matches(name) } }

    /// The rule that decides about a pattern: the one that is made for it.
    func rule(for pattern: ChannelPattern) -> Rule? { rules.first { $0.pattern == pattern } }
}
