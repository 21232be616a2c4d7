/// Where a subscriber begins that names no position.
public enum Replay: Sendable, Hashable {
    /// With the next event.
    case none
    /// With the oldest event that is held.
    case all
    /// With so many of the newest events of each channel, or pattern, that it names.
    case last(Int)
    /// With the first event at or after this time, in milliseconds since 1970.
    case since(UInt64)
}

/// What a client asks for when it subscribes.
public struct SubscriptionRequest: Sendable {
    /// Channels, each once.
    public var channels: [ChannelName]
    /// Patterns, each once. With ``channels`` there is at least one.
    public var patterns: [ChannelPattern]
    /// The position the client names, as raw bytes that nobody has checked; nil when it names none.
    public var lastEventID: [UInt8]?
    /// Where to begin without a position; nil is what holds for each channel.
    public var replay: Replay?

    /// A request for some channels.
    public init(
        channels: [ChannelName], patterns: [ChannelPattern] = [], lastEventID: [UInt8]? = nil, replay: Replay? = nil
    ) {
        self.channels = channels
        self.patterns = patterns
        self.lastEventID = lastEventID
        self.replay = replay
    }
}

/// What came of subscribing.
public enum SubscribeOutcome: Sendable {
    /// The subscriber is entered. From here on its loop gets the events of its topics.
    case begun(Subscription)
    /// All of the channels have ended.
    case ended
    /// There are as many channels as there may be.
    case tooManyChannels(limit: Int)
}

/// A topic that a subscriber reads.
public struct Interest: Sendable, Hashable {
    /// The topic.
    public let topic: TopicID
    /// What the subscriber has not got of this topic up to here has been told of, by a gap or by the choice of where to
    /// begin. What goes missing above this is news.
    public let toldThrough: UInt64
    /// Of a pattern, how many events had gone when the subscriber was last told: those of several channels do not go in
    /// the order of the log. 0 for a channel.
    public let toldEvictions: UInt64

    /// A topic, from a place on.
    public init(topic: TopicID, toldThrough: UInt64, toldEvictions: UInt64 = 0) {
        self.topic = topic
        self.toldThrough = toldThrough
        self.toldEvictions = toldEvictions
    }
}

/// Where a subscriber begins.
public struct Subscription: Sendable {
    /// Its topics, in the order of the request, without those that have ended.
    public let interests: [Interest]
    /// The sequence number after which it begins.
    public let cursor: UInt64
    /// Whether it must read the log before it is live.
    public let isBehind: Bool
    /// Whether it comes back and the log is known to have something for it.
    public let hasMissed: Bool
    /// What to say first, when the position it named is not held.
    public let gap: Gap?
}

/// Says in the stream that events are missing.
public struct Gap: Sendable, Hashable {
    /// What the client named.
    public let requested: String
    /// The id of the oldest event held of these channels, which is sent next; nil when none is.
    public let oldest: String?
    /// The id of the newest event held of these channels.
    public let newest: String?
    /// How many events are missing; nil when that cannot be known.
    public let lost: Int?
}

/// What a slice of the log holds for a subscriber.
public struct Slice: Sendable {
    /// In what the subscriber is too far behind to stay; nothing else is in the slice then.
    public var cut: Lag?
    /// What to say then before closing, when there will be nothing to come back for.
    public var farewell: [UInt8]?
    /// What the subscriber will not get: to be said before the events of the slice, which go on after it.
    public var gap: Gap?
    /// In what it was too far behind, when it is made to skip events.
    public var skipped: Lag?
    /// The interests as they are from now on, when it has been made to skip events.
    public var interests: [Interest]?
    /// The numbers of the next events, when they are in the archive only: nothing else is sent before they are.
    public var absent: [UInt64] = []
    /// Everything for this subscriber up to here is in the slice, when that is more than its last event says.
    public var through: UInt64?
    /// Set when the slice reaches the head of the log, to the sequence number of the head: whoever has sent the
    /// slice is live, with this cursor.
    public var head: UInt64?
}
