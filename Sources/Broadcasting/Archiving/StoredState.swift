/// The state that an archive restores when the daemon starts, before its events.
public struct StoredState: Sendable {
    /// The epochs of the log. The current one is new.
    public var epochs: Epochs
    /// The epoch of the last process; nil for a new log.
    public var lastEpoch: Epoch?
    /// The highest number that the log has given to an event; 0 for none.
    public var head: UInt64
    /// A power failure may have destroyed events up to this number; 0 when none can be missing.
    public var uncertainThrough: UInt64
    /// The channels.
    public var channels: [ArchivedChannel]
    /// See ``ArchiveBatch/removedSlots``.
    public var removedSlots: [Int: UInt64]
    /// Idempotency keys and their answers, oldest first.
    public var answers: [StoredAnswer]

    /// A state.
    public init(
        epochs: Epochs, head: UInt64 = 0, lastEpoch: Epoch? = nil, uncertainThrough: UInt64 = 0,
        channels: [ArchivedChannel] = [],
        removedSlots: [Int: UInt64] = [:], answers: [StoredAnswer] = []
    ) {
        self.epochs = epochs
        self.head = head
        self.lastEpoch = lastEpoch
        self.uncertainThrough = uncertainThrough
        self.channels = channels
        self.removedSlots = removedSlots
        self.answers = answers
    }
}
