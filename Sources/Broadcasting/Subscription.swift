/// What a client asks for when it subscribes.
public struct SubscriptionRequest: Sendable {
    /// At least one channel, each once.
    public var channels: [ChannelName]
    /// The position the client names, as raw bytes that nobody has checked; nil when it names none.
    public var lastEventID: [UInt8]?

    /// A request for some channels.
    public init(channels: [ChannelName], lastEventID: [UInt8]? = nil) {
        self.channels = channels
        self.lastEventID = lastEventID
    }
}

/// A topic that a subscriber reads.
public struct Interest: Sendable, Hashable {
    /// The topic.
    public let topic: TopicID
    /// What the subscriber has not got of this topic up to here has been told of, by a gap or by the choice of where to
    /// begin. What goes missing above this is news.
    public let toldThrough: UInt64

    /// A topic, from a place on.
    public init(topic: TopicID, toldThrough: UInt64) {
        self.topic = topic
        self.toldThrough = toldThrough
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
    /// Set when the slice reaches the head of the log, to the sequence number of the head: whoever has sent the
    /// slice is live, with this cursor.
    public var head: UInt64?
}
