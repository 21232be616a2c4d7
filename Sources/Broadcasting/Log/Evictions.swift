import Bytes
import DequeModule
import HeapModule

/// Remembers which events of a topic the log has evicted, so that a gap can count them. Only the newest are listed.
struct Evictions {
    /// The highest evicted sequence number; 0 for none.
    private(set) var through: UInt64
    /// Up to this sequence number the list of evicted events is incomplete.
    private(set) var unknownThrough: UInt64
    /// How many evictions were recorded.
    private(set) var count: UInt64 = 0
    /// The sequence numbers of the latest evictions, in the order of eviction.
    private var recent: Deque<UInt64> = []
    /// The most numbers that the list has, which bounds it to 8 KiB.
    private static let remembered = 1024

    /// - Parameter through: the log may have evicted any events up to here.
    init(unknownThrough through: UInt64) {
        self.through = through
        unknownThrough = through
    }

    /// At least as many as the listed evictions above a position.
    func listed(after sequence: UInt64) -> Int {
        guard through > sequence else { return 0 }
        return recent.reversed().prefix { $0 > sequence }.count + 1
    }

    /// Records one eviction.
    mutating func record(_ sequence: UInt64) {
        through = max(through, sequence)
        count += 1
        recent.append(sequence)
        if recent.count > Self.remembered { unknownThrough = max(unknownThrough, recent.removeFirst()) }
    }

    /// Records the evictions of events, which must be in the order of the log. Looks at as many as it lists.
    mutating func record(_ sequences: some RandomAccessCollection<UInt64>) {
        let listed = sequences.suffix(Self.remembered)
        let skipped = sequences.dropLast(listed.count)
        if let last = skipped.last { merge(unknownThrough: last) }
        count += UInt64(skipped.count)
        for sequence in listed { record(sequence) }
    }

    /// Adds an unknown number of evictions up to a number.
    mutating func merge(unknownThrough other: UInt64) {
        unknownThrough = max(unknownThrough, other)
        through = max(through, other)
    }

    /// Adds the evictions of many channels and keeps the newest. A channel with only older evictions costs one
    /// comparison. When the steps do not suffice, the rest is unknown.
    ///
    /// - Parameter steps: evictions that may still be looked at.
    mutating func merge(channels: [Evictions], _ steps: inout Int) {
        var newest: Heap<UInt64> = []
        for channel in channels {
            merge(unknownThrough: channel.unknownThrough)
            through = max(through, channel.through)
            // One channel evicts in the order of the log.
            for sequence in channel.recent.reversed() {
                guard sequence > unknownThrough else { break }
                steps -= 1
                guard steps >= 0 else {
                    merge(unknownThrough: sequence)
                    break
                }
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

    /// The evicted numbers above a position, latest eviction first; nil when the list is incomplete there.
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

    /// Whether the log evicted an event above a position since a number of evictions; true when that is unknown.
    func hasLost(after sequence: UInt64, since reported: UInt64) -> Bool {
        if count <= reported || through <= sequence { return false }
        return list(after: sequence, since: reported).map { !$0.isEmpty } ?? true
    }
}

// In a snapshot.
extension Evictions {
    func write(to writer: inout ByteWriter) {
        for number in [through, unknownThrough, count] { writer.write(number) }
        writer.write(count: recent.count)
        for sequence in recent { writer.write(sequence) }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Damage) {
        self.init(unknownThrough: 0)
        (through, unknownThrough, count) = (try reader.tally(), try reader.tally(), try reader.tally())
        recent = Deque(try reader.list { reader throws(ByteReader.Damage) in try reader.tally() })
        guard recent.count <= Self.remembered else { throw ByteReader.Damage("a list of evictions is too long") }
    }
}
