/// Figures of the hub.
public struct HubSummary: Sendable, Hashable {
    /// Channels that exist; see ``HistoryPolicy/channels``.
    public let channels: Int
    /// Retained events over all channels. An event of two channels counts twice, and an end that subscribers have yet
    /// to receive counts as one.
    public let events: Int
    /// Their bytes, as ``HistoryPolicy/total`` counts them.
    public let bytes: Int
    /// Subscribers over all channels and patterns; a subscriber of two counts twice.
    public let subscribers: Int
    /// Patterns with subscribers.
    public let patterns: Int
    /// Bytes of events in memory.
    public let bytesInMemory: Int
    /// The sequence number of the newest event; 0 before the first.
    public let head: UInt64
}
