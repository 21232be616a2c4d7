/// What an archive returns when the daemon starts, before its events.
public struct StoredState: Sendable {
    /// The epoch of the log.
    public var epoch: Epoch
    /// The highest number given.
    public var head: UInt64
    /// Events up to here may have been lost with the power; 0 when none can.
    public var uncertainThrough: UInt64
    /// The channels.
    public var channels: [ArchivedChannel]
    /// See ``ArchiveBatch/removedSlots``.
    public var removedSlots: [Int: UInt64]
    /// Idempotency keys and their answers, oldest first.
    public var answers: [StoredAnswer]

    /// A state.
    public init(
        epoch: Epoch, head: UInt64 = 0, uncertainThrough: UInt64 = 0, channels: [ArchivedChannel] = [],
        removedSlots: [Int: UInt64] = [:], answers: [StoredAnswer] = []
    ) {
        self.epoch = epoch
        self.head = head
        self.uncertainThrough = uncertainThrough
        self.channels = channels
        self.removedSlots = removedSlots
        self.answers = answers
    }
}
