import DequeModule
import HeapModule

/// Remembers which events the log no longer retains, as far as that matters to subscribers that resume.
struct Evictions {
    /// The highest evicted sequence number; 0 when no event was evicted.
    private(set) var through: UInt64
    /// The highest sequence number up to which the evicted events can no longer be listed.
    private(set) var unknownThrough: UInt64
    /// How many events were evicted.
    private(set) var count: UInt64 = 0
    /// The sequence numbers of the latest evictions, to tell how many of them a subscriber missed.
    private var recent: Deque<UInt64> = []
    /// How many of them are listed: 8 KiB at most, for a channel that has evicted as many events.
    private static let remembered = 1024

    /// - Parameter through: an unknown number of events up to here may have been evicted.
    init(unknownThrough through: UInt64) {
        self.through = through
        unknownThrough = through
    }

    /// Records one eviction.
    mutating func record(_ sequence: UInt64) {
        through = max(through, sequence)
        count += 1
        recent.append(sequence)
        if recent.count > Self.remembered { unknownThrough = max(unknownThrough, recent.removeFirst()) }
    }

    /// Adds an unknown number of evictions up to a number.
    mutating func merge(unknownThrough other: UInt64) {
        unknownThrough = max(unknownThrough, other)
        through = max(through, other)
    }

    /// Adds the evictions of many channels, of which it keeps the newest. It looks at few numbers of a channel that
    /// remembers only older ones.
    mutating func merge(channels: [Evictions]) {
        var newest: Heap<UInt64> = []
        for channel in channels {
            merge(unknownThrough: channel.unknownThrough)
            through = max(through, channel.through)
            // One channel evicts in the order of the log.
            for sequence in channel.recent.reversed() {
                guard sequence > unknownThrough else { break }
                guard newest.count == Self.remembered, let least = newest.min else {
                    newest.insert(sequence)
                    continue
                }
                unknownThrough = max(unknownThrough, min(least, sequence))
                guard sequence > least else { break }
                newest.replaceMin(with: sequence)
            }
        }
        for sequence in newest.unordered.sorted() where sequence > unknownThrough { record(sequence) }
    }

    /// Continues the count of another record.
    mutating func addCount(of other: Evictions) { count += other.count }

    /// The evicted numbers above a position, latest eviction first; nil when not all of them are remembered.
    ///
    /// - Parameter reported: how many evictions the subscriber already knows of.
    func list(after sequence: UInt64, since reported: UInt64 = 0) -> [UInt64]? {
        let new = count - min(reported, count)
        guard through > sequence, new > 0 || reported == 0 else { return [] }
        guard sequence >= unknownThrough || new <= UInt64(recent.count) && reported > 0 else { return nil }
        return recent.suffix(Int(clamping: new)).reversed().filter { $0 > sequence }
    }

    /// How many events above a position were evicted; nil when the number is unknown.
    func count(after sequence: UInt64) -> Int? { list(after: sequence)?.count }

    /// Whether an event above a position was evicted since.
    func hasLost(after sequence: UInt64, since reported: UInt64) -> Bool {
        if count <= reported || through <= sequence { return false }
        return list(after: sequence, since: reported).map { !$0.isEmpty } ?? true
    }
}
