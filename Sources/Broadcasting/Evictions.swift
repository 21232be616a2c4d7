import DequeModule
import HeapModule

/// What is no longer held, as far as it matters to those who come back for it.
struct Evictions {
    /// The highest sequence number that is no longer held; 0 when nothing is gone.
    private(set) var through: UInt64
    /// The highest sequence number that is not even remembered.
    private(set) var unknownThrough: UInt64
    /// How many events have gone.
    private(set) var count: UInt64 = 0
    /// The sequence numbers of the events that went last, to tell how many of them somebody missed.
    private var recent: Deque<UInt64> = []
    /// How many of those are remembered: 8 KiB at most, for a channel that has had as many events.
    private static let remembered = 1024

    /// - Parameter through: events up to here may be gone, and nobody knows how many.
    init(unknownThrough through: UInt64) {
        self.through = through
        unknownThrough = through
    }

    mutating func note(_ sequence: UInt64) {
        through = max(through, sequence)
        count += 1
        recent.append(sequence)
        if recent.count > Self.remembered { unknownThrough = max(unknownThrough, recent.removeFirst()) }
    }

    /// Adds what is not even remembered elsewhere.
    mutating func merge(unknownThrough other: UInt64) {
        unknownThrough = max(unknownThrough, other)
        through = max(through, other)
    }

    /// Adds what is gone of many channels: of all that they remember the newest. Little is looked at of channels that
    /// remember older ones only.
    mutating func merge(channels: [Evictions]) {
        var newest: Heap<UInt64> = []
        for channel in channels {
            merge(unknownThrough: channel.unknownThrough)
            through = max(through, channel.through)
            // Of one channel they went in the order of the log.
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
        for sequence in newest.unordered.sorted() where sequence > unknownThrough { note(sequence) }
    }

    /// Goes on counting where others have counted to.
    mutating func count(from other: Evictions) { count += other.count }

    /// Those above a position, the last to go first; nil when not all of them are remembered.
    ///
    /// - Parameter told: how many had gone that do not matter any more.
    func after(_ sequence: UInt64, since told: UInt64 = 0) -> [UInt64]? {
        let news = count - min(told, count)
        guard through > sequence, news > 0 || told == 0 else { return [] }
        guard sequence >= unknownThrough || news <= UInt64(recent.count) && told > 0 else { return nil }
        return recent.suffix(Int(clamping: news)).reversed().filter { $0 > sequence }
    }

    /// How many there are above a position; nil when that cannot be known.
    func count(after sequence: UInt64) -> Int? { after(sequence)?.count }

    /// Whether any above a position have gone since.
    func hasLost(after sequence: UInt64, since told: UInt64) -> Bool {
        if count <= told || through <= sequence { return false }
        return after(sequence, since: told).map { !$0.isEmpty } ?? true
    }
}
