/// The result of ending a channel.
public enum EndOutcome: Sendable {
    /// The channel has ended. It had this many subscribers.
    case ended(subscribers: Int)
    /// The archive is writing it; the loop gets a ``Completion``.
    case pending
}
