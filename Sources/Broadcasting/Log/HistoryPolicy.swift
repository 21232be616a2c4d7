/// The limits of the hub, for each channel and for all channels together.
public struct HistoryPolicy: Sendable, Hashable {
    /// The limits of channels that no rule matches.
    public var standard: HistoryLimits
    /// The treatment of slow subscribers of channels that no rule matches.
    public var slow: SlowPolicy
    /// The first rule that matches decides.
    public var rules: [HistoryRule]
    /// Bytes over all channels, with ``overhead`` and twice the key for each event. Beyond this the log evicts the
    /// oldest events first. An event of two channels counts twice.
    public var total: Int
    /// With an archive: bytes of events that stay in memory, 0 or more. The newest stay.
    public var memory: Int
    /// Channels that may exist: those with retained events, subscribers or pending writes, and those that ended a short
    /// time ago. crier refuses more.
    public var channels: Int
    /// Patterns that may have subscribers. crier refuses more.
    public var patterns: Int
    /// Subscribers that a channel, or a pattern, may have; 0 is no limit. crier refuses more.
    public var subscribers: Int
    /// Milliseconds for which crier remembers an idempotency key.
    public var idempotencyWindow: UInt64
    /// How many idempotency keys crier remembers. Beyond this it forgets the oldest.
    public var idempotencyKeys: Int
    /// Bytes of the remembered keys and their answers, with ``overhead`` for each.
    public var idempotencyBytes: Int

    /// Bytes that each event counts for besides its bytes on the wire, so that ``total`` bounds many tiny events too.
    public static let overhead = 256

    /// A policy.
    public init(
        standard: HistoryLimits = HistoryLimits(), slow: SlowPolicy = SlowPolicy(), rules: [HistoryRule] = [],
        total: Int = 256 << 20, memory: Int = 64 << 20, channels: Int = 1_000_000, patterns: Int = 100_000,
        subscribers: Int = 0,
        idempotencyWindow: UInt64 = 600_000, idempotencyKeys: Int = 100_000, idempotencyBytes: Int = 64 << 20
    ) {
        self.standard = standard
        self.slow = slow
        self.rules = rules
        self.total = total
        self.memory = memory
        self.channels = channels
        self.patterns = patterns
        self.subscribers = subscribers
        self.idempotencyWindow = idempotencyWindow
        self.idempotencyKeys = idempotencyKeys
        self.idempotencyBytes = idempotencyBytes
    }

    /// The groups of its rules, each once.
    public var groups: [ChannelGroup] { rules.compactMap(\.group).unique() }

    /// Goes on counting with the groups of the policy before that have the same names.
    mutating func keep(_ groups: [ChannelGroup]) {
        for index in rules.indices {
            if let group = rules[index].group { rules[index].group = groups.first { $0 == group } ?? group }
        }
    }

    /// The rule for a channel; nil when the standard limits apply.
    func rule(for name: ChannelName) -> HistoryRule? {
        rules.first { $0.pattern.matches(name) }
            ?? (name.isReserved ? Self.ownRule(name.description) : nil)
    }

    private static func ownRule(_ name: String) -> HistoryRule? {
        switch name {
        case "$crier/canary": canary
        case "$crier/log": log
        default: own
        }
    }

    /// The rule for the daemon's own channels: they keep no event, and so do not last longer than their subscribers.
    private static let own = rule("$crier/**", events: 0)
    /// That of the log, of which a new subscriber wants to see the newest records.
    private static let log = rule("$crier/log", events: 100, age: 86_400_000)
    /// That of readiness checks, whose event must go to the archive.
    private static let canary = rule("$crier/canary", events: 1)

    private static func rule(_ pattern: String, events: Int, age: UInt64 = 60_000) -> HistoryRule? {
        (try? ChannelPattern(pattern)).map {
            HistoryRule(
                pattern: $0, limits: HistoryLimits(events: events, bytes: 1 << 16, age: age),
                slow: SlowPolicy(action: .skip))
        }
    }

    /// The rule for the subscribers of a pattern: the one with the same pattern.
    func rule(for pattern: ChannelPattern) -> HistoryRule? { rules.first { $0.pattern == pattern } }
}
