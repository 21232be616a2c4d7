/// The newest event that a subscriber can have got.
public enum LastEvent: Sendable, Hashable {
    /// There has never been one.
    case none
    /// Nobody can tell: the log no longer has it, or patterns match more channels than it can look at.
    case unknown
    /// Its id, and its time in milliseconds since 1970.
    case known(id: String, time: UInt64)
}
