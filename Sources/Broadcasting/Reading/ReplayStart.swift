/// Where a subscriber without a position starts.
public enum ReplayStart: Sendable, Hashable {
    /// With the next event.
    case none
    /// With the oldest retained event.
    case all
    /// With this many of the newest events, 1 or more, of each channel or pattern that it names.
    case last(Int)
    /// With the first event at or after this time, in milliseconds since 1970.
    case since(UInt64)
}
