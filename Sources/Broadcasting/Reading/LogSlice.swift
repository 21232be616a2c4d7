/// The next part of the log for a subscriber.
public struct LogSlice: Sendable {
    /// The limit that the subscriber exceeded, when crier must close its connection. The slice is empty then.
    public var cut: LagLimit?
    /// The control events to send before closing, when the client will have no channel to reconnect to.
    public var closingNotices: [UInt8]?
    /// Reports the events that the subscriber misses. crier must send it before the events of the slice.
    public var gap: Gap?
    /// The limit that the subscriber exceeded, when the hub made it skip events.
    public var skipped: LagLimit?
    /// Its topics from now on, when the hub made it skip events.
    public var cursors: [TopicCursor]?
    /// The numbers of the next events, when only the archive has their bytes. The slice then has no other event.
    public var absent: [UInt64] = []
    /// Whether the subscriber gets less than the log has for its topics after its position: a client that resumed there would
    /// get other events.
    public var leavesOut = false
    /// The subscriber needs nothing else up to here, when that is above the last event of the slice.
    public var through: UInt64?
    /// The number of the head of the log, when the slice reaches it. A subscriber that has received the slice is live
    /// at this position.
    public var head: UInt64?
}
