/// What the archive must write in one transaction: all of it or nothing.
public struct ArchiveBatch: Sendable {
    /// An event to be added.
    public struct Addition: Sendable {
        /// The event.
        public let frame: Frame
        /// The names that its publisher gave it.
        public let labels: EventLabels?
        /// Its channels.
        public let channels: [ChannelName]
    }

    /// Channels to be removed by name, before everything else.
    public let removed: [ChannelName]
    /// What remains recorded about removed channels, by slot.
    public let removedSlots: [Int: UInt64]
    /// Channels that have changed.
    public private(set) var channels: [ArchivedChannel] = []
    /// New events, oldest first.
    public private(set) var additions: [Addition] = []
    /// Events that no channel retains any more.
    public let evicted: [UInt64]
    /// Idempotency keys and their answers.
    public private(set) var answers: [StoredAnswer] = []
    /// Idempotency keys to be removed.
    public let expired: [IdempotencyKey]
    /// The highest number given.
    public private(set) var head: UInt64

    /// What the hub does once the archive has written the batch.
    let writes: [PendingWrite]

    /// What a write of the batch makes of a channel.
    private enum Change {
        case ended(Frame)
        /// An event follows the end, and opens the channel again.
        case reopened
    }

    /// Collects everything that waits.
    init(_ queue: WriteQueue, _ log: EventLog) {
        (writes, evicted, expired) = (queue.writes, queue.evicted, queue.expired)
        (removed, removedSlots) = (queue.removed, queue.removedSlots)
        head = log.head
        var changes: [Int: Change] = [:]
        for write in writes {
            switch write {
            case .publish(let events, _, let idempotency):
                for event in events {
                    add(event, log)
                    for topic in event.topics where changes[topic.index] != nil || log.registry[topic].isEnded {
                        changes[topic.index] = .reopened
                    }
                }
                if let idempotency { answers.append(Self.answer(to: events, idempotency, log)) }
            case .end(let topic, let frame, _):
                changes[topic.index] = .ended(frame)
                head = frame.sequence
            }
        }
        channels = queue.changed.union(changes.keys).compactMap { index in
            log.registry.topic(at: index).flatMap { Self.record($0, changes[index]) }
        }
    }

    private mutating func add(_ event: NumberedEvent, _ log: EventLog) {
        let channels = event.topics.compactMap { log.registry[$0].name }
        additions.append(Addition(frame: event.frame, labels: event.labels, channels: channels))
        head = event.frame.sequence
    }

    private static func answer(
        to events: [NumberedEvent], _ idempotency: Idempotency, _ log: EventLog
    ) -> StoredAnswer {
        let (first, last) = (events[0], events[events.count - 1])
        let topics = first.topics.map { log.registry[$0] }
        return StoredAnswer(
            idempotency, time: first.frame.time, count: events.count,
            first: log.id(first.frame.sequence, first.labels), last: log.id(last.frame.sequence, last.labels),
            channels: topics.compactMap(\.name), subscribers: topics.reduce(0) { $0 + $1.subscribers })
    }

    private static func record(_ topic: Topic, _ change: Change?) -> ArchivedChannel? {
        guard let name = topic.name else { return nil }
        switch change {
        case .ended(let frame):
            // Its history must not return, not even when the channel is opened again and the process ends before the events
            // are evicted one by one.
            return ArchivedChannel(name: name, evictedThrough: frame.sequence, endedAt: frame.time)
        case .reopened:
            return ArchivedChannel(name: name, evictedThrough: topic.log.newestSequence, endedAt: nil)
        case nil:
            let endedAt: UInt64? = if case .ended(let time) = topic.status { time } else { nil }
            return ArchivedChannel(name: name, evictedThrough: topic.log.evictions.through, endedAt: endedAt)
        }
    }
}
