/// The result of a publish.
public enum PublishOutcome: Sendable {
    /// The log has all events.
    case published(Receipt)
    /// The publisher sent the same publish before, with the same idempotency key. This is the receipt of the first.
    case repeated(Receipt)
    /// The archive writes the events first; the loop then gets a ``Completion``.
    case pending
    /// The log has none of the events.
    case refused(PublishRefusal)
}
