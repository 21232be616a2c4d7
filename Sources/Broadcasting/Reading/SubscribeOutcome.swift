/// The result of subscribing.
public enum SubscribeOutcome: Sendable {
    /// The hub has added the subscriber. From here on its loop receives the events of its topics.
    case subscribed(Subscription)
    /// Another node of a shared log may have given the client this position; see ``Hub/wait(for:reply:now:)``.
    case ahead(UInt64)
    /// All of the channels have ended.
    case ended
    /// The request names channels that do not exist, and ``HistoryPolicy/channels`` allows no more.
    case tooManyChannels(limit: Int)
    /// The request has new patterns, and ``HistoryPolicy/patterns`` allows no more.
    case tooManyPatterns(limit: Int)
    /// One of the channels or patterns has as many subscribers as ``HistoryPolicy/subscribers`` allows.
    case tooManySubscribers(limit: Int)
}
