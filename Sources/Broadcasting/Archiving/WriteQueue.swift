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
    private var shared = SharedEvents()
    /// Whether the archive is writing a batch.
    private(set) var isWriting = false
    /// Whether the archive was woken and has not yet seen an empty queue.
    private var isNotified = false

    /// Whether the archive must write at any time.
    private var isUrgent: Bool {
        !waiting.isEmpty || evictions.isUrgent || !removed.isEmpty || !removedSlots.isEmpty || !expired.isEmpty
    }

    /// Whether the archive must be woken now.
    mutating func needsNotification() -> Bool {
        if isNotified || !isUrgent { return false }
        isNotified = true
        return true
    }

    /// Evicted events, and changed channels, of a batch without publishes and ends: to put it together holds the hub's lock,
    /// and a publish that comes meanwhile waits.
    private static let evictionsAtOnce = 256
    /// Evicted events, and changed channels, of a batch with publishes, besides as many as it adds: what waits becomes less then,
    /// and the publishers do not wait long for it.
    private static let evictionsAlong = 8

    /// Begins a batch.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - flushing: takes evictions also when they could wait for more.
    /// - Returns: the publishes and ends for it, without numbers; nil when there is nothing to write.
    mutating func startBatch(now: UInt64, flushing: Bool) -> [WaitingWrite]? {
        // The archive asks again after a batch, so it needs no wakeup before that.
        isNotified = isUrgent || takesEvictions(now: now, flushing: flushing)
        isWriting = isNotified
        return isNotified ? waiting.take() : nil
    }

    /// Puts the batch together.
    ///
    /// - Parameters:
    ///   - writes: the publishes and ends for it.
    ///   - now: as for ``startBatch(now:flushing:)``.
    ///   - flushing: as for ``startBatch(now:flushing:)``.
    mutating func finishBatch(_ writes: Deque<PendingWrite>, _ log: EventLog, now: UInt64, flushing: Bool)
        -> ArchiveBatch
    {
        let takes = takesEvictions(now: now, flushing: flushing)
        let (channels, events) = takes ? evictions.next(Self.share(of: writes), now: now) : ([], [])
        defer { (removed, removedSlots, expired) = ([], [:], []) }
        return ArchiveBatch(
            self, log, writes: writes, changed: channels, evicted: events, undeletedThrough: evictions.undeletedThrough)
    }

    private func takesEvictions(now: UInt64, flushing: Bool) -> Bool {
        flushing ? !evictions.isEmpty : evictions.isDue(now: now)
    }

    private static func share(of writes: Deque<PendingWrite>) -> EvictionQueue.Share {
        guard !writes.isEmpty else { return EvictionQueue.Share(channels: evictionsAtOnce, events: evictionsAtOnce) }
        let (steps, events) = writes.reduce((0, 0)) { ($0.0 + $1.steps, $0.1 + $1.eventCount) }
        return EvictionQueue.Share(channels: evictionsAlong + steps, events: evictionsAlong + events)
    }

    /// After the archive failed to write a batch: queues its evictions, removals and expiries again. They have happened
    /// in memory, so the archive must still write them; the hub refuses the publishes and ends.
    mutating func putBack(_ batch: ArchiveBatch, _ registry: TopicRegistry) {
        (isNotified, isWriting) = (false, false)
        // No event may be deleted before the records of these channels are written.
        let channels = batch.channels.compactMap { registry.find($0.name)?.id.index }
        evictions.putBack(channels: channels, events: batch.evicted)
        removed.insert(contentsOf: batch.removed, at: 0)
        removedSlots.merge(batch.removedSlots) { newer, _ in newer }
        expired.insert(contentsOf: batch.expired, at: 0)
    }

    /// Records that several channels retain an event.
    mutating func share(_ sequence: UInt64, by count: Int) { shared.add(sequence, count: count) }

    /// Records that a channel no longer retains an event.
    mutating func evict(_ sequence: UInt64, from topic: Topic) {
        change(topic)
        if shared.release(sequence) { evict(sequence) }
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
