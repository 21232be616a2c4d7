/// The result of a publish.
public enum PublishOutcome: Sendable {
    /// The log has all of it.
    case published(Receipt)
    /// It was published before with the same idempotency key; this is the receipt of then.
    case repeated(Receipt)
    /// The archive is writing it; the loop gets a ``Completion``.
    case pending
    /// None of it was published.
    case refused(PublishRefusal)
}
