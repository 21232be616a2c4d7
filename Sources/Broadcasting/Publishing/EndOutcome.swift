/// The result of ending a channel.
public enum EndOutcome: Sendable {
    /// The channel has ended. It had this many subscribers.
    case ended(subscribers: Int)
    /// The archive writes the end first; the loop then gets a ``Completion``.
    case pending
}
