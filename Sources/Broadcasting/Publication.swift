public import EventStreams

/// An event and where it goes.
public struct Publication: Sendable, Hashable {
    /// The event.
    public var event: Event
    /// At least one channel; one that is named twice counts once.
    public var channels: [ChannelName]

    /// An event for some channels.
    public init(_ event: Event, to channels: [ChannelName]) {
        self.event = event
        self.channels = channels
    }
}

/// To whom the hub answers what it cannot answer at once.
public struct Reply: Sendable, Hashable {
    /// The loop, by its index.
    public let loop: Int
    /// What the loop knows the one who asked by.
    public let token: UInt64

    /// An address.
    public init(loop: Int, token: UInt64) {
        self.loop = loop
        self.token = token
    }
}

/// What became of a publish.
public enum PublishOutcome: Sendable {
    /// The log holds all of it.
    case published(Receipt)
    /// It was published before with the same idempotency key, and this is what was answered then.
    case repeated(Receipt)
    /// It is being written to the archive; the loop gets a ``Completion``.
    case pending
    /// None of it was taken.
    case refused(PublishRefusal)
}

/// Why nothing was published.
public enum PublishRefusal: Error, Sendable, Hashable {
    /// There are as many channels as there may be.
    case tooManyChannels(limit: Int)
    /// The same idempotency key is being published with just now.
    case keyInUse
    /// The idempotency key was used for something else.
    case keyReused
    /// The archive does not take it: a sentence that says why.
    case notStored(String)
}

/// What a publisher gets for events that the log holds.
public struct Receipt: Sendable {
    /// How many events.
    public internal(set) var count: Int
    /// The id of the first, as on the wire.
    public internal(set) var first: String
    /// The id of the last.
    public internal(set) var last: String
    /// The channels of the first, each once.
    public internal(set) var channels: [ChannelName]
    /// How many subscribers these have, live or behind; one that has two of them counts twice.
    public internal(set) var subscribers: Int
    /// What the subscribers of all channels of all events have still to be sent.
    public internal(set) var backlogs: [Backlog]
}
