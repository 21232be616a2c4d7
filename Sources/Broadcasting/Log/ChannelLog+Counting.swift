import DequeModule

/// Counts the events of a channel that a subscriber at a position has yet to receive, and those that it misses.
extension ChannelLog {
    /// The limit of a policy that a subscriber at a position exceeds; nil when it exceeds none.
    func lag(after sequence: UInt64, _ policy: SlowPolicy, now: UInt64) -> LagLimit? {
        guard policy.hasLimits else { return nil }
        let next = index(after: sequence)
        guard next < events else { return nil }
        if policy.events > 0, events - next > policy.events { return .events }
        if policy.bytes > 0, bytes(from: next) > policy.bytes { return .bytes }
        let oldest = entries[next].time
        if policy.age > 0, oldest < now, now - oldest > policy.age { return .age }
        return nil
    }

    /// How many events lie above one position and not above another; nil when the number is unknown. All evicted events
    /// must lie at or before the second position.
    func count(after sequence: UInt64, through last: UInt64) -> Int? {
        guard let evicted = evictions.count(after: sequence) else { return nil }
        return evicted + max(0, index(after: last) - index(after: sequence))
    }

    /// The sequence numbers of these events; nil when not all of them are known.
    func sequences(after sequence: UInt64, through last: UInt64) -> [UInt64]? {
        guard let evicted = evictions.list(after: sequence) else { return nil }
        return evicted
            + entries[index(after: sequence)..<max(index(after: sequence), index(after: last))].map(\.sequence)
    }

    /// The position before the newest retained event; after all evicted events when none is retained.
    var positionBeforeNewest: UInt64 {
        newestSequence > evictions.through ? newestSequence - 1 : evictions.through
    }

    /// The events above a position that are the newest of their key, and the end of the channel.
    ///
    /// - Parameter steps: how many events are looked at, 1 or more.
    /// - Returns: the events, and the number up to which these are all.
    func conflated(after position: UInt64, steps: Int) -> (entries: Deque<LogEntry>, through: UInt64) {
        let start = index(after: position)
        // Each key costs a binary search, so a scan over the keys is cheaper only when they are far fewer than the
        // events.
        guard let sequences = newest.sequences(after: position, atMost: min(steps, entries.count - start) / 16) else {
            let rest = entries[start...]
            let seen = rest.prefix(steps)
            return (Deque(seen.filter { isNewest($0) }), seen.count < rest.count ? seen.last?.sequence ?? .max : .max)
        }
        var chosen = Deque(sequences.map { entries[index(after: $0 - 1)] })
        if let last = entries.last, last.isEnd, last.sequence > position { chosen.append(last) }
        return (chosen, .max)
    }
}
