/// Tells a subscriber in its stream that events are missing.
public struct Gap: Sendable, Hashable {
    /// The position that the client named.
    public let requested: String
    /// The id of the oldest retained event of these channels, which follows; nil when none is retained.
    public let oldest: String?
    /// The id of the newest retained event of these channels.
    public let newest: String?
    /// How many events are missing; nil when the number is unknown.
    public let lost: Int?
}
