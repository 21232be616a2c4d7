/// Why nothing was published.
public enum PublishRefusal: Error, Sendable, Hashable {
    /// ``HistoryPolicy/channels`` allows no more channels.
    case tooManyChannels(limit: Int)
    /// A publish with the same idempotency key is in progress.
    case keyInUse
    /// The idempotency key was used for something else.
    case keyReused
    /// The archive cannot write it: a sentence that gives the reason.
    case notStored(String)
}
