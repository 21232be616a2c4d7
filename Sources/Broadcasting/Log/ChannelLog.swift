import DequeModule
import EventStreams
import HashTreeCollections

/// The retained events of one channel, oldest first.
struct ChannelLog {
    private(set) var entries: Deque<LogEntry> = []
    /// The events that the log has evicted.
    var evictions: Evictions
    /// The newest events of all keys, for ``SlowPolicy/Action/latest``.
    private(set) var newest = NewestEvents()
    /// Bytes of the channel before the first of ``entries``.
    private var start = 0
    /// The labels of the events that have any, by sequence number.
    private var labels: TreeDictionary<UInt64, PublisherLabels> = [:]

    /// - Parameter removedThrough: removed channels may have had this name and events up to here.
    init(removedThrough: UInt64) {
        evictions = Evictions(unknownThrough: removedThrough)
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Bytes on the wire of the retained events.
    var bytes: Int { (entries.last?.end ?? start) - start }

    /// How many events the log retains. The end of the channel is no event.
    var events: Int { entries.count - (entries.last?.isEnd == true ? 1 : 0) }

    /// Adds an event.
    ///
    /// - Parameters:
    ///   - size: bytes on the wire.
    ///   - frame: nil when the bytes are in the archive only.
    mutating func append(_ sequence: UInt64, time: UInt64, size: Int, _ labels: PublisherLabels?, frame: Frame?) {
        entries.append(
            LogEntry(sequence: sequence, time: time, end: (entries.last?.end ?? start) + size, frame: frame))
        if frame?.endsTopic == nil { newest.add(sequence, labels?.key) }
        if let labels { self.labels[sequence] = labels }
    }

    /// See ``NewestEvents/lostThrough``.
    mutating func restore(lostThrough: UInt64) { newest.restore(lostThrough: lostThrough) }

    /// Evicts the oldest event.
    ///
    /// - Returns: the event, its weight in ``HistoryPolicy/total``, and the id that its publisher gave it.
    mutating func evictFirst() -> (entry: LogEntry, weight: Int, id: EventID?) {
        let entry = entries.removeFirst()
        // Few channels have labels, and even an empty tree hashes the number.
        let labels = self.labels.isEmpty ? nil : self.labels.removeValue(forKey: entry.sequence)
        let weight = Self.weight(entry.end - start, labels)
        start = entry.end
        // The end is no event: a gap must not count it.
        if entry.isEnd { return (entry, weight, nil) }
        newest.evict(entry.sequence, labels?.key)
        evictions.record(entry.sequence)
        return (entry, weight, labels?.id)
    }

    /// Frees the bytes of an event that the archive has.
    ///
    /// - Returns: how many bytes; nil when there was nothing to free.
    mutating func unload(_ sequence: UInt64) -> Int? {
        let index = index(after: sequence - 1)
        guard index < entries.count, entries[index].sequence == sequence, let frame = entries[index].frame,
            frame.endsTopic == nil
        else { return nil }
        entries[index].frame = nil
        return frame.count
    }

    /// Bytes that an event counts for in ``HistoryPolicy/total``. A key counts twice: ``newest`` has a second copy.
    static func weight(_ size: Int, _ labels: PublisherLabels?) -> Int {
        size + HistoryPolicy.overhead + 2 * (labels?.key?.description.utf8.count ?? 0)
    }

    /// Whether a limit requires the eviction of the oldest event. The end of the channel is no event: it stays for the
    /// subscribers that still have to get it.
    func exceeds(_ limits: HistoryLimits, now: UInt64) -> Bool {
        guard let oldest = oldestEntry else { return false }
        if events > limits.events || (bytes(from: 0) > limits.bytes && events > 1) { return true }
        return oldest.time < now && now - oldest.time > limits.age
    }

    /// The evictions as if the log had evicted the retained events too.
    var evictionsWithRetained: Evictions {
        var evictions = evictions
        evictions.record(entries.prefix(events).lazy.map { $0.sequence })
        return evictions
    }

    // MARK: Lookup

    /// The index in ``entries`` of the first event above a position.
    func index(after sequence: UInt64) -> Int {
        // Most subscribers are up to date and need no search.
        guard let last = entries.last, last.sequence > sequence else { return entries.count }
        return entries.partitioningIndex { $0.sequence > sequence }
    }

    /// The index in ``entries`` of the first event that was published at a time or later.
    func index(since time: UInt64) -> Int { entries.partitioningIndex { $0.time >= time } }

    /// Whether an event is retained.
    func retains(_ sequence: UInt64) -> Bool {
        let index = index(after: sequence - 1)
        return index < entries.count && entries[index].sequence == sequence
    }

    /// Bytes on the wire of one of ``entries``.
    func size(at index: Int) -> Int { entries[index].end - (index == 0 ? start : entries[index - 1].end) }

    /// Bytes on the wire of the events from one of ``entries`` on, the end of the channel left out.
    func bytes(from index: Int) -> Int { entries[events - 1].end - (index == 0 ? start : entries[index - 1].end) }

    /// The names that the publisher gave an event.
    func labels(of sequence: UInt64) -> PublisherLabels? { labels.isEmpty ? nil : labels[sequence] }

    /// Whether no newer event with the same key is retained.
    func isNewest(_ entry: LogEntry) -> Bool {
        entry.isEnd || newest.isNewest(entry.sequence, labels(of: entry.sequence)?.key)
    }

    /// The oldest event; the end of the channel is none.
    var oldestEntry: LogEntry? { events > 0 ? entries.first : nil }

    /// The newest event; the end of the channel is none.
    var newestEntry: LogEntry? { events > 0 ? entries[events - 1] : nil }

    /// The sequence number of the newest event, retained or evicted.
    var newestSequence: UInt64 { newestEntry?.sequence ?? evictions.through }
}
