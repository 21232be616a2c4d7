/// What is left of a sweep; see ``Hub/startSweep()``.
public enum Sweep: Sendable {
    /// Channels and their old events, in so many steps, and then the rest.
    case channels(steps: Int)
    /// The index of the log, which may list many evicted events.
    case index
    /// Old idempotency keys, and the memory of removed channels.
    case memories
}
