/// A change in a log that several nodes share. Every node applies it, in the order of the log.
public enum SharedChange: Sendable, HasSteps {
    /// Publishes events: all of them, or none when an earlier publish had the same key.
    case publish([EncodedEvent], Idempotency?)
    /// Ends a channel.
    case end(ChannelName)
    /// Makes all nodes forget the same.
    case trim(SharedTrim)
    /// Tells how many subscribers a node has.
    case subscribers(SubscriberReport)

    var isTrim: Bool { if case .trim = self { true } else { false } }

    /// How many places of its entry it takes, 1 or more.
    public var places: Int { if case .publish(let events, _) = self { events.count } else { 1 } }

    var steps: Int {
        switch self {
        case .publish(let events, _): events.reduce(1) { $0 + $1.channels.count }
        case .subscribers(let report): report.counts.count + 1
        case .end, .trim: 1
        }
    }

    /// About how many bytes it takes in an entry, 1 or more.
    public var size: Int {
        switch self {
        case .publish(let events, let idempotency):
            events.reduce(16 + (idempotency?.key.description.utf8.count ?? 0)) { $0 + $1.size }
        case .end(let name): 16 + name.description.utf8.count
        case .trim: 24
        case .subscribers(let report): report.counts.reduce(16) { $0 + 16 + $1.subject.description.utf8.count }
        }
    }
}

/// What all nodes forget from here on.
public struct SharedTrim: Sendable, Hashable {
    /// Events and ends with lower numbers.
    public var below: UInt64
    /// Idempotency keys that no entry from this number on has.
    public var keysBelow: UInt64

    /// A trim. Keys below `below` are forgotten with the events.
    public init(below: UInt64, keysBelow: UInt64) {
        self.below = below
        self.keysBelow = max(below, keysBelow)
    }

    /// The same for an entry with a revision: a trim does not forget what is still to come.
    func bounded(by revision: UInt64) -> SharedTrim {
        let next = SharedNumber.first(of: revision + 1)
        return SharedTrim(below: min(below, next), keysBelow: min(keysBelow, next))
    }
}

/// How many subscribers a node has, by channel and by pattern.
public struct SubscriberReport: Sendable {
    /// Whether the node has no subscribers but those in this report and in the following ones.
    public var isFirst: Bool
    /// The channels and patterns whose numbers have changed.
    public var counts: [(subject: TopicSubject, subscribers: Int)]

    /// A report.
    public init(isFirst: Bool, counts: [(subject: TopicSubject, subscribers: Int)]) {
        self.isFirst = isFirst
        self.counts = counts
    }
}
