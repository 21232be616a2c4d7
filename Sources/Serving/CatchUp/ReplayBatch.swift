import Broadcasting

/// A slice of the log that several subscribers need, as one run of bytes.
///
/// After a network failure many clients resume from the same position at once. For these the loop reads the log once,
/// and gives the kernel one piece instead of hundreds of small ones. No subscriber keeps a reference to a replay batch:
/// one whose socket does not take all of it keeps only the event that it received in part, as after any write.
struct ReplayBatch: ~Copyable {
    /// With fewer events than this, a vectored write is faster than a copy.
    private static let fewest = 16
    /// So it is with events of more bytes than this on average.
    private static let largest = 1024

    private(set) var batch = WriteBatch()
    /// The bytes of its events.
    private(set) var bytes = 0
    private var cursors: [TopicCursor] = []
    private var position: UInt64 = 0
    private var form = StreamForm.chunked

    /// Copies a slice, if the copy is worthwhile.
    ///
    /// - Returns: whether it copied the slice.
    mutating func load(_ frames: [Frame], _ form: StreamForm, _ cursors: [TopicCursor], after position: UInt64) -> Bool
    {
        let size = frames.reduce(0) { $0 + $1.count }
        guard frames.count >= Self.fewest, frames.count <= WriteBatch.capacity, size <= frames.count * Self.largest,
            frames.allSatisfy({ $0.endsTopic == nil })
        else { return false }
        batch.loadJoined(frames, form.framing)
        bytes = size
        (self.form, self.cursors, self.position) = (form, cursors, position)
        return true
    }

    /// Whether it is the next slice for a subscriber.
    func isNext(for cursors: [TopicCursor], after position: UInt64, _ form: StreamForm) -> Bool {
        batch.count > 0 && self.position == position && self.form == form && self.cursors == cursors
    }

    mutating func clear() { batch.clear() }
}
