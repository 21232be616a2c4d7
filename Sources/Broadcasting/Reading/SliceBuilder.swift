/// Collects the next events for a subscriber: those in memory, or the numbers of those that are not.
struct SliceBuilder {
    private(set) var frames: [Frame] = []
    private(set) var absent: [UInt64] = []
    private var budget: Int
    /// The number of the last event.
    private(set) var last: UInt64 = 0

    /// Bytes that an event counts for when its size is not at hand.
    static let assumedSize = 1024

    /// - Parameter budget: bytes after which no further event is added.
    init(budget: Int) {
        self.budget = budget
    }

    /// Adds an event.
    ///
    /// - Returns: whether it was added; if not, the slice is complete.
    mutating func add(_ entry: LogEntry, size: Int) -> Bool {
        guard budget > 0 else { return false }
        if let frame = entry.frame {
            guard absent.isEmpty else { return false }
            frames.append(frame)
        } else {
            guard frames.isEmpty else { return false }
            absent.append(entry.sequence)
        }
        budget -= size
        last = entry.sequence
        return true
    }
}
