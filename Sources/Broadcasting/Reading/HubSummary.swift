/// Figures of the hub.
public struct HubSummary: Sendable, Hashable {
    /// Channels that retain events or have subscribers.
    public let channels: Int
    /// Retained events over all channels; an event of two channels counts twice.
    public let events: Int
    /// Their bytes, with ``HistoryPolicy/overhead`` for each.
    public let bytes: Int
    /// Subscribers over all channels.
    public let subscribers: Int
    /// The sequence number of the newest event.
    public let head: UInt64
}
