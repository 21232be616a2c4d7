/// Why the hub published nothing.
public enum PublishRefusal: Error, Sendable, Hashable {
    /// ``HistoryPolicy/channels`` allows no more channels.
    case tooManyChannels(limit: Int)
    /// A publish with the same idempotency key is in progress.
    case keyInUse
    /// A publisher has used the idempotency key for another publish.
    case keyReused
    /// The archive cannot write the events, for this reason.
    case notStored(String)
    /// The events have more bytes than the shared log takes at once.
    case tooLarge(bytes: Int, limit: Int)
    /// It is not known whether the shared log has taken the events, for this reason: they may still be published.
    case uncertain(String)
}
