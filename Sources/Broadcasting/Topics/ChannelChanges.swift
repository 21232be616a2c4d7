import DequeModule

/// The channels that were created and deleted since somebody last asked, if anybody asks at all. Under the hub's lock.
struct ChannelChanges {
    /// How many it remembers.
    private static let limit = 16_384

    private var waiting: Deque<ChannelChange> = []
    /// Whether anybody asks.
    var isWatched = false { didSet { if !isWatched { waiting = [] } } }
    /// How many it has not remembered since somebody last asked.
    private var lost = 0

    mutating func note(_ change: ChannelChange) {
        guard isWatched, !change.name.isReserved else { return }
        if waiting.count < Self.limit { waiting.append(change) } else { lost += 1 }
    }

    /// Takes the oldest, and how many are lost.
    mutating func take(_ count: Int) -> (changes: [ChannelChange], lost: Int) {
        defer {
            waiting.removeFirst(min(count, waiting.count))
            lost = 0
        }
        return (Array(waiting.prefix(count)), lost)
    }
}

extension Hub {
    /// Whether ``takeChannelChanges(_:)`` gets what happens from now on.
    public func watchChannels(_ isWatched: Bool) { state.withLock { $0.registry.changes.isWatched = isWatched } }

    /// Takes the oldest changes, and how many were lost because there were too many.
    public func takeChannelChanges(_ count: Int) -> (changes: [ChannelChange], lost: Int) {
        locked { $0.registry.changes.take(count) }
    }
}
