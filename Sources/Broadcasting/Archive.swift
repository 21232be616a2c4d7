/// Keeps events beyond the life of the process. It is called from any thread and must not wait.
public protocol Archive: Sendable {
    /// The hub has something to be written where it had nothing: take it with ``Hub/takeBatch()``.
    func wake()

    /// Reads events back, by their numbers, which rise, and leaves them in a mailbox as ``Completion/fetched(_:_:missing:)``.
    func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox)
}

/// What is to be written together, all of it or nothing.
public struct ArchiveBatch: Sendable {
    /// An event to be added.
    public struct Addition: Sendable {
        /// The event.
        public let frame: Frame
        /// What it is known by.
        public let labels: EventLabels?
        /// Where it went.
        public let channels: [ChannelName]
    }

    /// What is to be remembered of a channel besides its events.
    public struct Channel: Sendable, Hashable {
        /// Its name.
        public var name: ChannelName
        /// Its events up to here are gone.
        public var evictedThrough: UInt64
        /// When it was ended, in milliseconds since 1970; nil while it is open.
        public var endedAt: UInt64?

        /// What is known of a channel.
        public init(name: ChannelName, evictedThrough: UInt64, endedAt: UInt64?) {
            self.name = name
            self.evictedThrough = evictedThrough
            self.endedAt = endedAt
        }
    }

    /// Channels that need no longer be known by name; done before everything else.
    public internal(set) var forgotten: [ChannelName] = []
    /// What is known of forgotten channels instead; see ``ForgottenChannels``.
    public internal(set) var places: [Int: UInt64] = [:]
    /// Channels that have changed.
    public internal(set) var channels: [Channel] = []
    /// New events, oldest first.
    public internal(set) var additions: [Addition] = []
    /// Events that no channel holds any more.
    public internal(set) var evicted: [UInt64] = []
    /// Idempotency keys and what was answered.
    public internal(set) var answers: [StoredAnswer] = []
    /// Idempotency keys that are forgotten.
    public internal(set) var expired: [IdempotencyKey] = []
    /// The highest number that has been given.
    public internal(set) var head: UInt64 = 0

    /// What waits for it.
    var parcels: [Parcel] = []
}

/// Something that is done when the archive has it.
enum Parcel: Sendable {
    case publish([Delivery], Reply, once: Idempotency?)
    case end(TopicID, Frame, Reply)
}

/// An event on its way into the log.
struct Delivery: Sendable {
    let frame: Frame
    let labels: EventLabels?
    let topics: [TopicID]
}

/// An event as it comes out of the archive when the daemon starts.
public struct StoredEvent: Sendable {
    /// Its number.
    public var sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    public var time: UInt64
    /// Bytes on the wire.
    public var size: Int
    /// What it is known by.
    public var labels: EventLabels?
    /// Where it went.
    public var channels: [ChannelName]

    /// An event.
    public init(sequence: UInt64, time: UInt64, size: Int, labels: EventLabels?, channels: [ChannelName]) {
        self.sequence = sequence
        self.time = time
        self.size = size
        self.labels = labels
        self.channels = channels
    }
}

/// What an archive says when the daemon starts, before its events.
public struct StoredState: Sendable {
    /// The incarnation of the log.
    public var epoch: Epoch
    /// The highest number that was given.
    public var head: UInt64
    /// Events up to here may have been lost with the power; 0 when none can.
    public var brokenThrough: UInt64
    /// The channels.
    public var channels: [ArchiveBatch.Channel]
    /// See ``ArchiveBatch/places``.
    public var places: [Int: UInt64]
    /// Idempotency keys and what was answered, oldest first.
    public var answers: [StoredAnswer]

    /// A state.
    public init(
        epoch: Epoch, head: UInt64 = 0, brokenThrough: UInt64 = 0, channels: [ArchiveBatch.Channel] = [],
        places: [Int: UInt64] = [:], answers: [StoredAnswer] = []
    ) {
        self.epoch = epoch
        self.head = head
        self.brokenThrough = brokenThrough
        self.channels = channels
        self.places = places
        self.answers = answers
    }
}
