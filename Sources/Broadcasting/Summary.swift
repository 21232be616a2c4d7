/// What can be told about a channel.
public struct ChannelSummary: Sendable, Hashable {
    /// Its name.
    public let name: ChannelName
    /// Subscribers, live or behind.
    public let subscribers: Int
    /// Events held.
    public let events: Int
    /// Their bytes on the wire.
    public let bytes: Int
    /// The id of the oldest event held.
    public let first: String?
    /// The id of the newest event held.
    public let last: String?
}

/// What can be told about the hub.
public struct HubSummary: Sendable, Hashable {
    /// Channels known, watched or holding events.
    public let channels: Int
    /// Events held over all channels; one that went to two channels counts twice.
    public let events: Int
    /// Their bytes, with ``HistoryPolicy/bookkeeping`` for each.
    public let bytes: Int
    /// Subscribers over all channels.
    public let subscribers: Int
    /// The sequence number of the newest event.
    public let head: UInt64
}
