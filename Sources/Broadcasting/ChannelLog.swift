import DequeModule
import EventStreams

/// What is held of one channel, oldest first.
struct ChannelLog {
    private(set) var entries: Deque<LogEntry> = []
    /// What is no longer held.
    var gone: Evictions
    /// The newest events of all keys, for ``SlowPolicy/Action/latest``.
    private(set) var newest = NewestEvents()
    /// Bytes that the channel had had before the first of ``entries``.
    private var start = 0
    /// Of those events that have any.
    private var labels: [UInt64: EventLabels] = [:]

    /// - Parameter forgottenThrough: channels that were forgotten may have had this name and events up to here.
    init(forgottenThrough: UInt64) {
        gone = Evictions(unknownThrough: forgottenThrough)
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Bytes on the wire of what is held.
    var bytes: Int { (entries.last?.end ?? start) - start }

    /// How many events are held.
    var events: Int { entries.count - (entries.last?.isEnd == true ? 1 : 0) }

    /// Adds an event.
    ///
    /// - Parameters:
    ///   - size: bytes on the wire.
    ///   - frame: nil when it is in the archive only.
    mutating func append(_ sequence: UInt64, time: UInt64, size: Int, _ labels: EventLabels?, frame: Frame?) {
        entries.append(
            LogEntry(sequence: sequence, time: time, end: (entries.last?.end ?? start) + size, frame: frame))
        if frame?.endsTopic == nil { newest.note(sequence, labels?.key) }
        if let labels { self.labels[sequence] = labels }
    }

    /// Lets the oldest go.
    ///
    /// - Returns: it, what it counted for in ``HistoryPolicy/total``, and the id that its publisher gave it.
    mutating func evictFirst() -> (entry: LogEntry, weight: Int, id: EventID?) {
        let entry = entries.removeFirst()
        let weight = Self.weight(entry.end - start, labels[entry.sequence])
        start = entry.end
        // The end of a channel is no event that somebody could miss.
        if entry.isEnd { return (entry, weight, nil) }
        let labels = labels.removeValue(forKey: entry.sequence)
        newest.forget(entry.sequence, labels?.key)
        gone.note(entry.sequence)
        return (entry, weight, labels?.id)
    }

    /// Lets go of the bytes of an event that the archive has.
    ///
    /// - Returns: how many they were; nil when they were not in memory.
    mutating func unload(_ sequence: UInt64) -> Int? {
        let index = index(after: sequence - 1)
        guard index < entries.count, entries[index].sequence == sequence, let frame = entries[index].frame,
            frame.endsTopic == nil
        else { return nil }
        entries[index].frame = nil
        return frame.count
    }

    /// What an event counts for in ``HistoryPolicy/total``; a key is held a second time, to find its newest event by.
    static func weight(_ size: Int, _ labels: EventLabels?) -> Int {
        size + HistoryPolicy.bookkeeping + 2 * (labels?.key?.description.utf8.count ?? 0)
    }

    /// Whether a limit says that the oldest must go.
    func exceeds(_ limits: HistoryLimits, now: UInt64) -> Bool {
        guard let oldest = entries.first else { return false }
        if entries.count > limits.events || (bytes > limits.bytes && entries.count > 1) { return true }
        return oldest.time < now && now - oldest.time > limits.age
    }

    /// In what somebody at a position is too far behind, by a policy's own limits.
    func lag(after sequence: UInt64, _ policy: SlowPolicy, now: UInt64) -> Lag? {
        guard policy.hasLimits else { return nil }
        let next = index(after: sequence)
        let count = events
        guard next < count else { return nil }
        if policy.events > 0, count - next > policy.events { return .events }
        let missing = entries[count - 1].end - (next == 0 ? start : entries[next - 1].end)
        if policy.bytes > 0, missing > policy.bytes { return .bytes }
        let oldest = entries[next].time
        if policy.age > 0, oldest < now, now - oldest > policy.age { return .age }
        return nil
    }

    /// The index in ``entries`` of the first event above a position.
    func index(after sequence: UInt64) -> Int {
        // Whoever is up to date, or has nothing yet, is told at once.
        guard let last = entries.last, last.sequence > sequence else { return entries.count }
        return entries.firstIndex(ofRising: { $0.sequence > sequence })
    }

    /// Whether an event is held.
    func holds(_ sequence: UInt64) -> Bool {
        let index = index(after: sequence - 1)
        return index < entries.count && entries[index].sequence == sequence
    }

    /// The index in ``entries`` of the first event that was published at a time or later.
    func index(since time: UInt64) -> Int { entries.firstIndex(ofRising: { $0.time >= time }) }

    /// Bytes on the wire of one of ``entries``.
    func size(at index: Int) -> Int { entries[index].end - (index == 0 ? start : entries[index - 1].end) }

    /// What the publisher of an event said about it.
    func labels(of sequence: UInt64) -> EventLabels? { labels.isEmpty ? nil : labels[sequence] }

    /// Whether nothing newer about the same key is held.
    func isNewest(_ entry: LogEntry) -> Bool {
        entry.isEnd || newest.isNewest(entry.sequence, labels(of: entry.sequence)?.key)
    }

    /// The oldest event, which the end of the channel is not.
    var oldestEntry: LogEntry? { events > 0 ? entries.first : nil }

    /// The newest event, which the end of the channel is not.
    var newestEntry: LogEntry? { events > 0 ? entries[events - 1] : nil }

    /// The sequence number of the newest event, held or not.
    var newestEvent: UInt64 { newestEntry?.sequence ?? gone.through }

    /// How many events lie above one position and not above another, at which or before which all that is no longer
    /// held must lie; nil when that cannot be known.
    func count(after sequence: UInt64, through last: UInt64) -> Int? {
        guard let lost = gone.count(after: sequence) else { return nil }
        return lost + max(0, index(after: last) - index(after: sequence))
    }

    /// The sequence numbers of these events.
    func sequences(after sequence: UInt64, through last: UInt64) -> [UInt64]? {
        guard let lost = gone.after(sequence) else { return nil }
        return lost + entries[index(after: sequence)..<max(index(after: sequence), index(after: last))].map(\.sequence)
    }
}
