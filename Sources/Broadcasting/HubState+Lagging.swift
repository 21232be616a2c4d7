import DequeModule
import EventStreams

extension HubState {
    /// In what a subscriber is too far behind in a topic. Events that it was told it will not get do not count.
    private func lag(_ interest: Interest, after cursor: UInt64, isSlow: Bool, now: UInt64) -> Lag? {
        let topic = self[interest.topic]
        let position = max(cursor, interest.toldThrough)
        if topic.log.evictedThrough > position { return .history }
        return isSlow ? topic.log.lag(after: position, topic.slow, now: now) : nil
    }

    /// See ``Hub/overdue(_:after:isSlow:now:)``.
    func overdue(_ interests: [Interest], after cursor: UInt64, isSlow: Bool, now: UInt64) -> Lag? {
        for interest in interests {
            let topic = self[interest.topic]
            // An end that is no longer held cannot be told; whoever comes back is told by 204.
            if topic.isEnded, topic.log.frames.last?.endsTopic == nil { return .history }
            guard topic.slow.action == .disconnect || topic.isEnded else { continue }
            if let lag = lag(interest, after: cursor, isSlow: isSlow, now: now) { return lag }
        }
        return nil
    }

    /// Whether a subscriber gets only the newest events of a topic: when it is too far behind, or, if nothing says how
    /// far that is, when it has not taken all that it was sent.
    func isConflated(_ interest: Interest, after cursor: UInt64, isSlow: Bool, now: UInt64) -> Bool {
        let policy = self[interest.topic].slow
        guard policy.action == .latest else { return false }
        if isSlow, !policy.hasLimits { return true }
        return lag(interest, after: cursor, isSlow: isSlow, now: now) != nil
    }

    /// Makes a subscriber skip what it is too far behind with, where the policy of a topic says so.
    ///
    /// - Returns: its interests, which know what it has been told of.
    func skip(
        _ interests: [Interest], after cursor: UInt64, isSlow: Bool, now: UInt64, _ slice: inout Slice
    ) -> [Interest] {
        var result = interests
        var lost: Int? = 0
        for (index, interest) in interests.enumerated() {
            guard let lag = lag(interest, after: cursor, isSlow: isSlow, now: now) else { continue }
            let log = self[interest.topic].log
            let position = max(cursor, interest.toldThrough)
            slice.skipped = slice.skipped ?? lag
            let through: UInt64
            switch self[interest.topic].slow.action {
            case .skip: through = log.beforeNewest
            // Nothing newer makes up for an event that was the newest of its key and is gone.
            case .latest where log.newest.lostThrough > position: through = log.evictedThrough
            case .latest, .disconnect: continue
            }
            let held = log.index(after: through) - log.index(after: position)
            lost = lost.flatMap { sum in log.lost(after: position).map { sum + $0 + held } }
            result[index] = Interest(topic: interest.topic, toldThrough: max(position, through))
        }
        guard result != interests else { return interests }
        slice.interests = result
        let position = EventPosition(epoch: epoch, sequence: cursor).description
        slice.gap = gap(Array(position.utf8), result, lost: lost)
        return result
    }

    /// - Parameter interests: what is named as held are the events that follow.
    private func gap(_ requested: [UInt8], _ interests: [Interest], lost: Int?) -> Gap {
        let next = interests.compactMap { interest -> Frame? in
            let log = self[interest.topic].log
            let index = log.index(after: interest.toldThrough)
            return index < log.frames.count ? log.frames[index] : nil
        }
        let newest = interests.compactMap { self[$0.topic].log.frames.last }
        return Gap(
            requested: String(decoding: requested, as: UTF8.self),
            oldest: next.min { $0.sequence < $1.sequence }.map(id),
            newest: newest.max { $0.sequence < $1.sequence }.map(id), lost: lost)
    }
}

extension ChannelLog {
    /// The position before the newest event that is held; behind all that are gone when none is.
    var beforeNewest: UInt64 {
        guard let newest = frames.last(where: { $0.endsTopic == nil }) else { return evictedThrough }
        return newest.sequence - 1
    }

    /// The events above a position that are the newest of their key, and the end of the channel.
    func conflated(after position: UInt64) -> Deque<Frame> {
        let start = index(after: position)
        // A look-up costs a search, so with few keys it is they that are looked at, and not the events.
        guard let sequences = newest.sequences(after: position, atMost: (frames.count - start) / 16) else {
            return Deque(frames[start...].filter { newest.isNewest($0) })
        }
        var chosen = Deque(sequences.map { frames[index(after: $0 - 1)] })
        if let last = frames.last, last.endsTopic != nil, last.sequence > position { chosen.append(last) }
        return chosen
    }
}
