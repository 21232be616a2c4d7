import DequeModule
import EventStreams

extension HubState {
    /// In what a subscriber is too far behind in a topic. Events that it was told it will not get do not count.
    private func lag(
        _ interest: Interest, after cursor: UInt64, begun: Frame? = nil, isSlow: Bool, now: UInt64
    ) -> Lag? {
        let topic = self[interest.topic]
        let position = max(cursor, interest.toldThrough)
        // It holds the rest of what it has begun itself.
        let needed = max(position, begun?.sequence ?? 0)
        if topic.isPattern {
            return topic.log.gone.hasLost(after: needed, since: interest.toldEvictions) ? .history : nil
        }
        if topic.log.gone.through > needed { return .history }
        return isSlow ? topic.log.lag(after: position, topic.slow, now: now) : nil
    }

    /// See ``Hub/overdue(_:after:begun:isSlow:now:)``.
    func overdue(
        _ interests: [Interest], after cursor: UInt64, begun: Frame? = nil, isSlow: Bool, now: UInt64
    ) -> (lag: Lag, farewell: [UInt8]?)? {
        for interest in interests {
            let topic = self[interest.topic]
            // An end that is no longer held cannot be told; whoever comes back is told by 204.
            let isEndLost =
                topic.isEnded && topic.log.entries.last?.isEnd != true && begun?.endsTopic != interest.topic
            let lag: Lag? =
                if isEndLost { .history } else if topic.slow.action == .disconnect {
                    lag(interest, after: cursor, begun: begun, isSlow: isSlow, now: now)
                } else { nil }
            if let lag { return (lag, farewell(interests, after: cursor, begun: begun)) }
        }
        return nil
    }

    /// Whether a subscriber gets only the newest events of a topic: when it is too far behind, or, if nothing says how
    /// far that is, when it has not taken all that it was sent.
    func isConflated(_ interest: Interest, after cursor: UInt64, isSlow: Bool, now: UInt64) -> Bool {
        let policy = self[interest.topic].slow
        guard policy.action == .latest, !self[interest.topic].isPattern else { return false }
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
        var omissions: [Omission] = []
        for (index, interest) in interests.enumerated() {
            guard let lag = lag(interest, after: cursor, isSlow: isSlow, now: now) else { continue }
            let log = self[interest.topic].log
            let position = max(cursor, interest.toldThrough)
            slice.skipped = slice.skipped ?? lag
            let through: UInt64
            switch self[interest.topic].slow.action {
            // Of a pattern, all that is held follows.
            case .skip where self[interest.topic].isPattern, .latest where self[interest.topic].isPattern:
                omissions.append(
                    Omission(topic: interest.topic, after: position, through: 0, since: interest.toldEvictions))
                result[index] = Interest(
                    topic: interest.topic, toldThrough: interest.toldThrough, toldEvictions: log.gone.count)
                continue
            case .skip: through = log.beforeNewest
            // Nothing newer makes up for an event that was the newest of its key and is gone.
            case .latest where log.newest.lostThrough > position: through = log.gone.through
            case .latest, .disconnect: continue
            }
            omissions.append(Omission(topic: interest.topic, after: position, through: through))
            result[index] = Interest(topic: interest.topic, toldThrough: max(position, through))
        }
        guard result != interests else { return interests }
        slice.interests = result
        let lost = lost(omissions, coming: result, after: cursor, isSlow: isSlow, now: now)
        if lost != 0 { slice.gap = gap(after: cursor, result, lost: lost) }
        return result
    }

    /// The events of a topic that a subscriber does not get of it: those above one position and not above another.
    struct Omission {
        let topic: TopicID
        let after: UInt64
        let through: UInt64
        /// See ``Interest/toldEvictions``.
        var since: UInt64 = 0
    }

    /// How many events are missed; nil when that cannot be known. An event of two channels is one, and it is not missed
    /// when it still comes by one of them.
    func lost(
        _ omissions: [Omission], coming interests: [Interest], after cursor: UInt64, isSlow: Bool = false,
        now: UInt64 = 0
    ) -> Int? {
        if omissions.count == 1, interests.count <= 1 {
            let omission = omissions[0]
            guard self[omission.topic].isPattern else {
                return self[omission.topic].log.count(after: omission.after, through: omission.through)
            }
        }
        var missed: Set<UInt64> = []
        for omission in omissions {
            let log = self[omission.topic].log
            let sequences =
                self[omission.topic].isPattern
                ? log.gone.after(omission.after, since: omission.since)
                : log.sequences(after: omission.after, through: omission.through)
            guard let sequences else { return nil }
            missed.formUnion(sequences)
        }
        guard let last = missed.max() else { return 0 }
        if interests.contains(where: { self[$0.topic].isPattern }) {
            let matcher = Matcher(self, interests)
            return missed.count { !isComing($0, matcher) }
        }
        for interest in interests {
            let source = source(interest, after: cursor, isSlow: isSlow, now: now)
            for entry in source.entries[source.next...].prefix(while: { $0.sequence <= last }) {
                missed.remove(entry.sequence)
            }
        }
        return missed.count
    }

    /// Whether an event still comes by one of its channels.
    func isComing(_ sequence: UInt64, _ matcher: Matcher) -> Bool {
        var index = orderIndex(after: sequence - 1)
        while index < order.count, order[index].sequence == sequence {
            if matcher.entry(order[index]) != nil { return true }
            index += 1
        }
        return false
    }

    /// - Parameter interests: what is named as held are the events that follow.
    private func gap(after cursor: UInt64, _ interests: [Interest], lost: Int?) -> Gap {
        let requested = EventPosition(epoch: epoch, sequence: cursor).description
        guard !interests.contains(where: { self[$0.topic].isPattern }) else {
            return gap(Array(requested.utf8), interests.map(\.topic), lost: lost)
        }
        var next: (LogEntry, ChannelLog)?
        var newest: (LogEntry, ChannelLog)?
        for interest in interests {
            let log = self[interest.topic].log
            let index = log.index(after: max(cursor, interest.toldThrough))
            if index < log.events, log.entries[index].sequence < next?.0.sequence ?? .max {
                next = (log.entries[index], log)
            }
            if let entry = log.newestEntry, entry.sequence > newest?.0.sequence ?? 0 { newest = (entry, log) }
        }
        return Gap(
            requested: requested, oldest: next.map { id($0.0, in: $0.1) }, newest: newest.map { id($0.0, in: $0.1) },
            lost: lost)
    }
}

extension ChannelLog {
    /// The position before the newest event that is held; behind all that are gone when none is.
    var beforeNewest: UInt64 { newestEvent > gone.through ? newestEvent - 1 : gone.through }

    /// The events above a position that are the newest of their key, and the end of the channel.
    func conflated(after position: UInt64) -> Deque<LogEntry> {
        let start = index(after: position)
        // A look-up costs a search, so with few keys it is they that are looked at, and not the events.
        guard let sequences = newest.sequences(after: position, atMost: (entries.count - start) / 16) else {
            return Deque(entries[start...].filter { isNewest($0) })
        }
        var chosen = Deque(sequences.map { entries[index(after: $0 - 1)] })
        if let last = entries.last, last.isEnd, last.sequence > position { chosen.append(last) }
        return chosen
    }
}
