/// The result that a loop waited for. The first value is the token of the ``ReplyAddress``.
public enum Completion: Sendable {
    /// The archive and the log have the events.
    case published(UInt64, Receipt)
    /// The log has the events of an earlier publish with the same idempotency key.
    case repeated(UInt64, Receipt)
    /// The node has reached the position of the client, or it is known that no node has.
    case reached(UInt64)
    /// The channel has ended. It had this many subscribers.
    case ended(UInt64, subscribers: Int)
    /// The hub changed nothing, for this reason.
    case refused(UInt64, PublishRefusal)
    /// Events from the archive, and the number of the next one when the archive has lost it.
    case fetched(UInt64, [Frame], missing: UInt64?)
    /// The archive could not read for the moment: nothing is known about the events.
    case unreadable(UInt64)
}
