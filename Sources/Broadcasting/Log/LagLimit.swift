/// The limit that a subscriber exceeded when it fell too far behind.
public enum LagLimit: Int, Sendable, Hashable, CaseIterable {
    /// The log no longer retains its next event.
    case history
    /// The limits of ``SlowPolicy``.
    case events, bytes, age
}
