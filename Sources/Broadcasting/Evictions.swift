import DequeModule

/// What is no longer held, as far as it matters to those who come back for it.
struct Evictions {
    /// The highest sequence number that is no longer held; 0 when nothing is gone.
    private(set) var through: UInt64
    /// The highest sequence number that is not even remembered.
    private(set) var unknownThrough: UInt64
    /// The sequence numbers of the newest events that are gone, to tell how many of them somebody missed.
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
        recent.append(sequence)
        if recent.count > Self.remembered { unknownThrough = max(unknownThrough, recent.removeFirst()) }
    }

    /// Adds what is gone elsewhere.
    mutating func merge(_ other: Evictions) {
        unknownThrough = max(unknownThrough, other.unknownThrough)
        through = max(through, other.through)
        for sequence in other.recent { note(sequence) }
    }

    /// Those above a position, newest first; nil when not all of them are remembered.
    func after(_ sequence: UInt64) -> [UInt64]? {
        guard through <= sequence || sequence >= unknownThrough else { return nil }
        return recent.reversed().filter { $0 > sequence }
    }

    /// How many there are above a position; nil when that cannot be known.
    func count(after sequence: UInt64) -> Int? {
        if through <= sequence { return 0 }
        return after(sequence)?.count
    }
}
