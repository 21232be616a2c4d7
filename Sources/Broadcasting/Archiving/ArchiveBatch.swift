import DequeModule
import HashTreeCollections

/// The changes that the archive must write in one transaction: all of them or none.
public struct ArchiveBatch: Sendable {
    /// A new event.
    public struct Addition: Sendable {
        /// The event.
        public let frame: Frame
        /// The names that its publisher gave it.
        public let labels: PublisherLabels?
    }

    /// Channels that the archive must delete before it writes the rest: a channel with the same name may follow.
    public let removed: [ChannelName]
    /// Slots of the table of removed channels that have changed: the highest event number that each covers.
    public let removedSlots: [Int: UInt64]
    /// Channels that have changed; each record replaces the one before.
    public private(set) var channels: [ArchivedChannel] = []
    /// New events, oldest first.
    public private(set) var additions: [Addition] = []
    /// Events that no channel retains any more.
    public let evicted: [UInt64]
    /// Further events up to here that no channel retains may come in later batches; 0 when there are none.
    public let undeletedThrough: UInt64
    /// Idempotency keys and their answers.
    public private(set) var answers: [StoredAnswer] = []
    /// Idempotency keys that the archive must delete.
    public let expired: [IdempotencyKey]
    /// The highest number of an event or end in the batch, or else of the log.
    public private(set) var head: UInt64

    /// Changes that take effect once the archive has written the batch.
    let writes: Deque<PendingWrite>

    /// The state in which the batch leaves a channel.
    private enum Change {
        case ended(Frame)
        /// An event follows an end, with this number, and reopens the channel.
        case reopened(after: UInt64)
    }

    /// - Parameters:
    ///   - changed: the channels that have changed, by the index of their topic.
    init(
        _ queue: WriteQueue, _ log: EventLog, writes: Deque<PendingWrite>, changed: TreeSet<Int>,
        evicted: [UInt64], undeletedThrough: UInt64
    ) {
        (self.writes, self.evicted, self.undeletedThrough) = (writes, evicted, undeletedThrough)
        expired = queue.expired
        (removed, removedSlots) = (queue.removed, queue.removedSlots)
        head = log.head
        var changes: [Int: Change] = [:]
        for write in writes {
            switch write {
            case .publish(let events, _, let idempotency):
                for event in events {
                    additions.append(Addition(frame: event.frame, labels: event.labels))
                    head = event.frame.sequence
                    for topic in event.topics {
                        if case .ended(let frame) = changes[topic.index] {
                            changes[topic.index] = .reopened(after: frame.sequence)
                        } else if changes[topic.index] == nil, let number = log.registry[topic].endNumber {
                            changes[topic.index] = .reopened(after: number)
                        }
                    }
                }
                if let idempotency { answers.append(Self.answer(to: events, idempotency, log)) }
            case .end(let topic, let frame, _):
                changes[topic.index] = .ended(frame)
                head = frame.sequence
            }
        }
        for index in changes.keys where !changed.contains(index) { record(index, changes[index], log) }
        for index in changed { record(index, changes[index], log) }
    }

    /// The changes in slices of so many steps. A single one may have more.
    func slices(steps: Int) -> [Deque<PendingWrite>.SubSequence] {
        var rest = writes[...]
        var slices: [Deque<PendingWrite>.SubSequence] = []
        while !rest.isEmpty {
            slices.append(rest.prefix(steps: steps))
            rest = rest.dropFirst(slices[slices.count - 1].count)
        }
        return slices
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

    private mutating func record(_ index: Int, _ change: Change?, _ log: EventLog) {
        if let topic = log.registry.topic(at: index), let record = Self.record(topic, change) {
            channels.append(record)
        }
    }

    private static func record(_ topic: Topic, _ change: Change?) -> ArchivedChannel? {
        guard let name = topic.name, !topic.isReplaced || change != nil else { return nil }
        switch change {
        case .ended(let frame):
            // The history must not reappear after a restart, even when an event reopens the channel and the process
            // dies before the hub has evicted the old events one by one.
            return ArchivedChannel(name: name, evictedThrough: frame.sequence, endedAt: frame.time)
        case .reopened(let end):
            return ArchivedChannel(name: name, evictedThrough: end, endedAt: nil)
        case nil:
            // An ended channel is evicted through its end, which may not have happened in memory yet.
            guard case .ended(let time, let number) = topic.status else {
                return ArchivedChannel(name: name, evictedThrough: topic.log.evictions.through, endedAt: nil)
            }
            return ArchivedChannel(name: name, evictedThrough: number, endedAt: time)
        }
    }
}
