import Broadcasting
import Kernel

/// A slice of the log as one run of bytes, for those who have missed the same.
///
/// After a lost connection many subscribers come back to the same place at once. For these the log is read once, and the
/// kernel is given one piece instead of hundreds of small ones. Nobody keeps hold of an excerpt: who does not take all of
/// it goes on with the event that was begun, as after any write.
struct Excerpt {
    private let interests: [Interest]
    private let cursor: UInt64
    private let frames: [Frame]
    /// Where each event ends in ``bytes``.
    private let ends: [Int]
    private let bytes: [UInt8]

    /// Fewer events than this are quicker written from where they are.
    private static let fewest = 16
    /// Events that are larger than this on average are, too.
    private static let largest = 1024

    /// - Returns: nil when it would not pay.
    init?(_ frames: [Frame], _ interests: [Interest], after cursor: UInt64) {
        let size = frames.reduce(0) { $0 + $1.count }
        guard frames.count >= Self.fewest, size <= frames.count * Self.largest,
            frames.allSatisfy({ $0.endsTopic == nil })
        else { return nil }
        var bytes: [UInt8] = []
        var ends: [Int] = []
        bytes.reserveCapacity(size)
        ends.reserveCapacity(frames.count)
        for frame in frames {
            unsafe bytes.append(contentsOf: frame.bytes)
            ends.append(bytes.count)
        }
        (self.interests, self.cursor, self.frames, self.ends, self.bytes) = (interests, cursor, frames, ends, bytes)
    }

    /// Whether it is what a subscriber needs next.
    func isNext(for interests: [Interest], after cursor: UInt64) -> Bool {
        self.cursor == cursor && self.interests == interests
    }

    /// How many events there are.
    var count: Int { frames.count }

    /// The number of the last.
    var last: UInt64 { frames[frames.count - 1].sequence }

    /// Sends all of it, or as much as the socket takes.
    func send(to descriptor: borrowing Descriptor) -> Gather.Sent {
        switch descriptor.send(bytes) {
        case .failed(let error): return .broken(error)
        case .wouldBlock: return .stalled(frames: 0, offset: 0, bytes: 0)
        case .wrote(bytes.count): return .all(bytes: bytes.count)
        case .wrote(let count):
            let whole = ends.partitioningIndex { $0 > count }
            return .stalled(frames: whole, offset: count - (whole == 0 ? 0 : ends[whole - 1]), bytes: count)
        }
    }

    subscript(index: Int) -> Frame { frames[index] }
}

extension [Int] {
    /// The index of the first element, of these that rise, that is beyond something.
    fileprivate func partitioningIndex(_ isBeyond: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
