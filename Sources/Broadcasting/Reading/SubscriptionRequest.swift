/// A request to subscribe.
public struct SubscriptionRequest: Sendable {
    /// Channels. A channel that the client names twice counts once.
    public var channels: [ChannelName]
    /// Patterns. A request has at least one channel or pattern.
    public var patterns: [ChannelPattern]
    /// The position that the client names, as raw bytes that nothing has validated; nil when it names none.
    public var lastEventID: [UInt8]?
    /// Where crier itself knows that the subscriber is; nil for a client that connects.
    public var position: EventPosition?
    /// Whether a position beyond what the node has applied is known to be of no node.
    public var isJudged = false
    /// Where to start without a position; nil applies the setting of each channel.
    public var replay: ReplayStart?

    /// A request for some channels.
    public init(
        channels: [ChannelName], patterns: [ChannelPattern] = [], lastEventID: [UInt8]? = nil,
        replay: ReplayStart? = nil
    ) {
        self.channels = channels
        self.patterns = patterns
        self.lastEventID = lastEventID
        self.replay = replay
    }
}
