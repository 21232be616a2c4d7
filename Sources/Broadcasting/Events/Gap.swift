/// Reports to a subscriber, in its stream, that events are missing.
public struct Gap: Sendable, Hashable {
    /// The position that the client named or, when crier makes it skip events, has reached.
    public let requested: String
    /// The id of the oldest retained event of these channels that can follow; nil when the log retains none.
    public let oldest: String?
    /// The id of the newest retained event of these channels; nil when the log retains none.
    public let newest: String?
    /// How many events are missing, 1 or more; nil when the hub does not know the number.
    public let lost: Int?
}
