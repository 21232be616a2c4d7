/// Collects the next events for a subscriber: either events in memory, or the numbers of events that only the archive
/// has.
struct SliceBuilder {
    private(set) var frames: [Frame] = []
    private(set) var absent: [UInt64] = []
    private var budget: Int
    /// The number of the last event; 0 before the first.
    private(set) var last: UInt64 = 0

    /// Bytes that an event counts for when its size is unknown.
    static let assumedSize = 1024

    /// - Parameter budget: bytes after which no further event is added.
    init(budget: Int) {
        self.budget = budget
    }

    /// Adds an event.
    ///
    /// - Returns: false when the slice is complete and did not take the event.
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
