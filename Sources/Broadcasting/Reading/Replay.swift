/// Where a subscriber starts that names no position.
public enum Replay: Sendable, Hashable {
    /// With the next event.
    case none
    /// With the oldest retained event.
    case all
    /// With this many of the newest events of each channel, or pattern, that it names.
    case last(Int)
    /// With the first event at or after this time, in milliseconds since 1970.
    case since(UInt64)
}
