/// The number by which the hub and the loops call a channel. It is used again when the channel has gone; a letter
/// for its predecessor does no harm, since sequence numbers only rise and cursors skip what is below them.
public struct TopicID: Sendable, Hashable {
    let index: Int
}

/// A channel in the hub.
struct Topic {
    /// Whether it can be published and subscribed to.
    enum Life {
        case open
        /// Ended by its publisher at this time: who subscribes is told to stop, until it is published to again.
        case ended(at: UInt64)
    }

    let name: ChannelName
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

    /// Whether nothing would be lost by forgetting it.
    var isIdle: Bool {
        guard subscribers == 0, log.isEmpty, loops == 0 else { return false }
        if case .open = life { return true } else { return false }
    }

    var isEnded: Bool {
        if case .ended = life { true } else { false }
    }
}
