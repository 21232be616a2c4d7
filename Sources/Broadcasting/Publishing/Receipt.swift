/// The answer to a publisher whose events are in the log.
public struct Receipt: Sendable {
    /// How many events, 1 or more.
    public internal(set) var count: Int
    /// The id of the first event, as on the wire.
    public internal(set) var first: String
    /// The id of the last event.
    public internal(set) var last: String
    /// The channels of the first event, each once.
    public internal(set) var channels: [ChannelName]
    /// How many subscribers the first event has, by channel or by pattern, live or behind. A subscriber that it reaches
    /// in two ways counts twice.
    public internal(set) var subscribers: Int
    /// The backlogs of the channels and matching patterns of all events that have had a subscriber.
    public internal(set) var backlogs: [Backlog]
}
