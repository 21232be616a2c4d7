/// The number by which the hub and the loops call a channel, or a pattern that somebody subscribes to. It is used again
/// when that has gone; a letter for its predecessor does no harm, since sequence numbers only rise and cursors skip what
/// is below them.
public struct TopicID: Sendable, Hashable {
    let index: Int
}

/// What can be subscribed to, in the hub: a channel, or all channels of a pattern. Only reached under the hub's lock.
final class Topic {
    /// What it is.
    enum Subject {
        case channel(ChannelName)
        /// It holds no events of its own: what matches is in the logs of the channels.
        case pattern(ChannelPattern)
    }

    /// Whether it can be published and subscribed to.
    enum Life {
        case open
        /// Ended by its publisher at this time: who subscribes is told to stop, until it is published to again.
        case ended(at: UInt64)
    }

    let subject: Subject
    var limits: HistoryLimits
    var slow: SlowPolicy
    var log: ChannelLog
    var life = Life.open
    /// Over all loops.
    var subscribers = 0
    /// The loops that have subscribers: one bit each.
    var loops: UInt64 = 0
    /// What its subscribers have still to be sent; nil for a topic that never had any.
    var backlog: Backlog?
    /// The newest event that was left for its subscribers.
    var postedThrough: UInt64 = 0
    /// Events that are on their way into its log.
    var expected = 0
    /// The patterns that match it, as of an age of the tree of patterns.
    var watchers: [TopicID] = []
    var watchersAge = 0
    /// Whether what is gone of a pattern has been gathered from the channels that were there before it.
    var isSurveyed = false
    /// Of a pattern, what is held of its channels; nil until somebody asks.
    var extent: Extent?

    init(_ subject: Subject, limits: HistoryLimits, slow: SlowPolicy, forgottenThrough: UInt64) {
        self.subject = subject
        self.limits = limits
        self.slow = slow
        log = ChannelLog(forgottenThrough: forgottenThrough)
    }

    /// Whether nothing would be lost by forgetting it.
    var isIdle: Bool {
        guard subscribers == 0, log.isEmpty, loops == 0, expected == 0 else { return false }
        if case .open = life { return true } else { return false }
    }

    var isEnded: Bool {
        if case .ended = life { true } else { false }
    }

    /// Its name, when it is a channel.
    var name: ChannelName? {
        if case .channel(let name) = subject { name } else { nil }
    }

    var isPattern: Bool { name == nil }
}
