/// The next part of the log for a subscriber.
public struct LogSlice: Sendable {
    /// The limit that the subscriber exceeded, when crier must close its connection. The slice is empty then.
    public var cut: Lag?
    /// The control events to send before closing, when the client will have no channel to reconnect to.
    public var closingNotices: [UInt8]?
    /// The events that the subscriber will not get: to be sent before the events of the slice, which follow the gap.
    public var gap: Gap?
    /// The limit that the subscriber exceeded, when it was made to skip events.
    public var skipped: Lag?
    /// Its topics as they are from now on, when it was made to skip events.
    public var cursors: [TopicCursor]?
    /// The numbers of the next events, when they are in the archive only. They come before everything else.
    public var absent: [UInt64] = []
    /// The slice covers everything for this subscriber up to here, when that is more than its last event says.
    public var through: UInt64?
    /// The number of the head of the log, when the slice reaches it. A subscriber that has been sent the slice is live
    /// at this position.
    public var head: UInt64?
}
