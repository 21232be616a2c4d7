/// What a publisher gets for events that the log has.
public struct Receipt: Sendable {
    /// How many events.
    public internal(set) var count: Int
    /// The id of the first, as on the wire.
    public internal(set) var first: String
    /// The id of the last.
    public internal(set) var last: String
    /// The channels of the first, each once.
    public internal(set) var channels: [ChannelName]
    /// How many subscribers these channels have, live or behind. A subscriber of two of them counts twice.
    public internal(set) var subscribers: Int
    /// The backlogs of all channels of all events.
    public internal(set) var backlogs: [Backlog]
}
