import Broadcasting

/// A slice of the log that several subscribers need, as one run of bytes.
///
/// After a lost connection many clients resume from the same position at once. For these the loop reads the log once, and
/// gives the kernel one piece instead of hundreds of small ones. No subscriber keeps hold of a replay batch: one whose
/// socket does not take all of it goes on with the event that was begun, as after any write.
struct ReplayBatch: ~Copyable {
    /// Fewer events than this are written more quickly from where they are.
    private static let fewest = 16
    /// So are events that are larger than this on average.
    private static let largest = 1024

    private(set) var batch = WriteBatch()
    private var cursors: [TopicCursor] = []
    private var position: UInt64 = 0

    /// Copies a slice, if that is worthwhile.
    ///
    /// - Returns: whether it was.
    mutating func load(_ frames: [Frame], _ cursors: [TopicCursor], after position: UInt64) -> Bool {
        let size = frames.reduce(0) { $0 + $1.count }
        guard frames.count >= Self.fewest, frames.count <= WriteBatch.capacity, size <= frames.count * Self.largest,
            frames.allSatisfy({ $0.endsTopic == nil })
        else { return false }
        batch.loadJoined(frames)
        (self.cursors, self.position) = (cursors, position)
        return true
    }

    /// Whether it is the next slice for a subscriber.
    func isNext(for cursors: [TopicCursor], after position: UInt64) -> Bool {
        batch.count > 0 && self.position == position && self.cursors == cursors
    }

    mutating func clear() { batch.clear() }
}
