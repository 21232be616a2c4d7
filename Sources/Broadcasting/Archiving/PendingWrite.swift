/// A change that takes effect once the archive has written it.
enum PendingWrite: Sendable {
    case publish([NumberedEvent], ReplyAddress, Idempotency?)
    case end(TopicID, Frame, ReplyAddress)
}
