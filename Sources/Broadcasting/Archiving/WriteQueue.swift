import DequeModule
import HashTreeCollections

/// The changes that the archive has yet to write.
struct WriteQueue {
    /// In the order of the log.
    var writes: Deque<PendingWrite> = []
    /// Events that no channel retains any more, and channels whose ``ArchivedChannel`` has changed.
    private var evictions = EvictionQueue()
    /// Channels that were removed.
    private(set) var removed: [ChannelName] = []
    /// Slots of ``RemovedChannels`` that have changed.
    private(set) var removedSlots: [Int: UInt64] = [:]
    /// Idempotency keys that have expired.
    private(set) var expired: [IdempotencyKey] = []
    /// Events that several channels retain, and how many channels that are.
    private var shared: TreeDictionary<UInt64, Int> = [:]
    /// Whether the archive was woken and has not yet seen an empty queue.
    private var isNotified = false

    var isEmpty: Bool {
        writes.isEmpty && evictions.isEmpty && removed.isEmpty && removedSlots.isEmpty && expired.isEmpty
    }

    /// Whether the archive must be woken now.
    mutating func needsNotification() -> Bool {
        if isEmpty || isNotified { return false }
        isNotified = true
        return true
    }

    /// How many events, each counted once for each of its channels, and how many changed channels a batch has at most: to
    /// put it together holds the hub's lock. A single publish may have more.
    private static let batchLimit = 4096

    /// Takes what waits, up to a limit; nil when there is nothing.
    mutating func nextBatch(_ log: EventLog) -> ArchiveBatch? {
        guard !isEmpty else {
            isNotified = false
            return nil
        }
        // The archive asks again after this batch, so it needs no wakeup before that.
        isNotified = true
        let taken = Deque(writes[...].prefix(steps: Self.batchLimit))
        let (channels, events) = evictions.next(limit: Self.batchLimit)
        defer {
            if taken.count < writes.count { writes.removeFirst(taken.count) } else { writes = [] }
            (removed, removedSlots, expired) = ([], [:], [])
        }
        return ArchiveBatch(
            self, log, writes: taken, changed: channels, evicted: events, undeletedThrough: evictions.undeletedThrough)
    }

    /// After the archive failed to write a batch: queues its evictions, removals and expiries again. They have happened
    /// in memory, so the archive must still write them; the hub refuses the publishes and ends.
    mutating func putBack(_ batch: ArchiveBatch, _ registry: TopicRegistry) {
        isNotified = false
        evictions.putBack(batch.evicted)
        removed.insert(contentsOf: batch.removed, at: 0)
        removedSlots.merge(batch.removedSlots) { newer, _ in newer }
        expired.insert(contentsOf: batch.expired, at: 0)
        for channel in batch.channels {
            if let topic = registry.find(channel.name) { change(topic) }
        }
    }

    /// Records that several channels retain an event.
    mutating func share(_ sequence: UInt64, by count: Int) {
        if count > 1 { shared[sequence] = count }
    }

    /// Records that a channel no longer retains an event.
    mutating func evict(_ sequence: UInt64, from topic: Topic) {
        change(topic)
        if !shared.isEmpty, let count = shared[sequence] {
            shared[sequence] = count > 1 ? count - 1 : nil
            if count > 1 { return }
        }
        evict(sequence)
    }

    /// Records that no channel retains an event.
    mutating func evict(_ sequence: UInt64) { evictions.append(event: sequence) }

    /// Records that the ``ArchivedChannel`` of a topic has changed.
    mutating func change(_ topic: Topic) { evictions.insert(channel: topic.id.index) }

    /// Records that a topic was removed.
    mutating func remove(_ topic: Topic, _ slots: [(slot: Int, through: UInt64)]) {
        for (slot, through) in slots { removedSlots[slot] = through }
        evictions.remove(channel: topic.id.index)
        // The archive knows a channel by its name, which a replaced topic has no more.
        if let name = topic.name, !topic.isReplaced { removed.append(name) }
    }

    mutating func expire(_ keys: [IdempotencyKey]) { expired += keys }
}
