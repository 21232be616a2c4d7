public import EventStreams

/// An event and its channels.
public struct Publication: Sendable, Hashable {
    /// The event.
    public var event: Event
    /// At least one channel. A channel counts once even when it is listed twice.
    public var channels: [ChannelName]

    /// An event for some channels.
    public init(_ event: Event, to channels: [ChannelName]) {
        self.event = event
        self.channels = channels
    }
}
