import DequeModule
import HashTreeCollections

/// The changes that the archive has yet to write.
struct WriteQueue {
    /// Publishes and ends.
    var waiting = WaitingWrites<WaitingWrite>()
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
    /// Whether the archive is writing a batch.
    private(set) var isWriting = false
    /// Whether the archive was woken and has not yet seen an empty queue.
    private var isNotified = false

    var isEmpty: Bool {
        waiting.isEmpty && evictions.isEmpty && removed.isEmpty && removedSlots.isEmpty && expired.isEmpty
    }

    /// Whether the archive must be woken now.
    mutating func needsNotification() -> Bool {
        if isEmpty || isNotified { return false }
        isNotified = true
        return true
    }

    /// How many evicted events and changed channels a batch has at most: to put it together holds the hub's lock.
    private static let batchLimit = 4096

    /// Begins a batch.
    ///
    /// - Returns: the publishes and ends for it, without numbers; nil when there is nothing to write.
    mutating func startBatch() -> [WaitingWrite]? {
        // The archive asks again after a batch, so it needs no wakeup before that.
        isNotified = !isEmpty
        isWriting = isNotified
        return isNotified ? waiting.take() : nil
    }

    /// Puts the batch together.
    ///
    /// - Parameter writes: the publishes and ends for it.
    mutating func finishBatch(_ writes: Deque<PendingWrite>, _ log: EventLog) -> ArchiveBatch {
        let (channels, events) = evictions.next(limit: Self.batchLimit)
        defer { (removed, removedSlots, expired) = ([], [:], []) }
        return ArchiveBatch(
            self, log, writes: writes, changed: channels, evicted: events, undeletedThrough: evictions.undeletedThrough)
    }

    /// After the archive failed to write a batch: queues its evictions, removals and expiries again. They have happened
    /// in memory, so the archive must still write them; the hub refuses the publishes and ends.
    mutating func putBack(_ batch: ArchiveBatch, _ registry: TopicRegistry) {
        (isNotified, isWriting) = (false, false)
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
