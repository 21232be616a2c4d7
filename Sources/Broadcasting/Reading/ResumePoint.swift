import DequeModule
import EventStreams

/// Decides where a new subscriber starts.
struct ResumePoint {
    let log: EventLog

    /// The most events of all channels that ``ReplayStart/last(_:)`` and ``ReplayStart/since(_:)`` of a pattern search.
    private static var lookBack: Int { 65_536 }

    private var registry: TopicRegistry { log.registry }

    /// - Parameter ended: channels that the client names and that have ended. The subscriber gets no further events of
    ///   them, but a gap counts those that it missed.
    func subscription(_ request: SubscriptionRequest, _ topics: [Topic], ended: [Topic]) -> Subscription {
        if let lastEventID = request.lastEventID {
            for topic in topics { registry.rebuildEvictions(of: topic) }
            let (position, gap) = resume(lastEventID, topics, ended: ended)
            let cursors = topics.map { cursor($0, from: 0) }
            let hasMissed = zip(topics, cursors).contains { !$0.isPattern && hasMore($0, $1, after: position) }
            return Subscription(
                cursors: cursors, subjects: topics.map(\.subject), position: position, isBehind: true,
                hasMissed: hasMissed, gap: gap)
        }
        let cursors = topics.map { topic in
            cursor(topic, from: start(request.replay ?? topic.limits.replay, topic))
        }
        // Each topic has a start of its own; the position lies before the first of them.
        let position = cursors.reduce(log.head) { min($0, $1.reportedThrough) }
        let isBehind = zip(topics, cursors).contains {
            $0.isPattern ? $1.reportedThrough < log.head : hasMore($0, $1, after: position)
        }
        return Subscription(
            cursors: cursors, subjects: topics.map(\.subject), position: isBehind ? position : log.head,
            isBehind: isBehind, hasMissed: false, gap: nil)
    }

    /// A topic from a position on, with all evictions so far already reported. A channel evicts its oldest events; a
    /// pattern may lose any.
    private func cursor(_ topic: Topic, from start: UInt64) -> TopicCursor {
        let evictions = topic.log.evictions
        return topic.isPattern
            ? TopicCursor(topic: topic.id, reportedThrough: start, reportedEvictions: evictions.count)
            : TopicCursor(topic: topic.id, reportedThrough: max(start, evictions.through))
    }

    private func hasMore(_ topic: Topic, _ cursor: TopicCursor, after position: UInt64) -> Bool {
        topic.log.index(after: max(position, cursor.reportedThrough)) < topic.log.entries.count
    }

    // MARK: Without a position

    /// The position after which a subscriber without one starts in a topic.
    private func start(_ replay: ReplayStart, _ topic: Topic) -> UInt64 {
        if topic.isPattern, replay != .none {
            registry.rebuildEvictions(of: topic)
            return startInPattern(replay, topic)
        }
        switch replay {
        case .none: return log.head
        case .all: return 0
        case .last(let count):
            let events = topic.log.events
            return count < events ? topic.log.entries[events - count].sequence - 1 : 0
        case .since(let time):
            let index = topic.log.index(since: time)
            return index < topic.log.entries.count ? topic.log.entries[index].sequence - 1 : log.head
        }
    }

    private func startInPattern(_ replay: ReplayStart, _ topic: Topic) -> UInt64 {
        var left = Int.max
        var since: UInt64 = 0
        switch replay {
        case .none: return log.head
        case .all: return 0
        case .last(let count): left = count
        case .since(let time): since = time
        }
        let matcher = EventMatcher(registry, [TopicCursor(topic: topic.id, reportedThrough: 0)])
        var position = log.head
        for place in log.index.reversed().prefix(Self.lookBack) where place.sequence <= position {
            guard let entry = matcher.entry(place)?.entry else { continue }
            guard left > 0, entry.time >= since else { break }
            // An event of several channels counts once.
            left -= 1
            position = place.sequence - 1
        }
        return position
    }

    // MARK: With a position

    /// Where a client that names a position resumes, and the gap that it gets first.
    private func resume(
        _ lastEventID: [UInt8], _ topics: [Topic], ended: [Topic]
    ) -> (position: UInt64, gap: Gap?) {
        let report = GapReport(log: log)
        guard let position = sequence(of: lastEventID, topics) else {
            // Malformed, unknown, or of another epoch: every retained event follows.
            return (0, report.gap(lastEventID, topics, lost: nil))
        }
        if position < log.uncertainThrough { return (position, report.gap(lastEventID, topics, lost: nil)) }
        // The events that an ended channel retains are for its remaining subscribers only.
        let omissions =
            topics.map { MissedRange(topic: $0.id, after: position, through: $0.log.evictions.through) }
            + ended.map { MissedRange(topic: $0.id, after: position, through: $0.log.newestSequence) }
        let check = LagCheck(registry: registry, position: position, isSlow: false, now: 0)
        let lost = LossCount(log: log, check: check).count(omissions, coming: topics.map { cursor($0, from: 0) })
        return (position, lost == 0 ? nil : report.gap(lastEventID, topics, lost: lost))
    }

    private func sequence(of lastEventID: [UInt8], _ topics: [Topic]) -> UInt64? {
        guard let text = String(validating: lastEventID, as: UTF8.self) else { return nil }
        let position = EventPosition(text).flatMap {
            $0.epoch == log.epoch && $0.sequence <= log.head ? $0.sequence : nil
        }
        guard let id = (try? EventID(text)) ?? nil, let given = sequence(of: id, topics) else { return position }
        guard let position else { return given }
        // When a publisher copies a stream of crier to another channel of the same daemon, the ids are positions too.
        // Use the meaning that the client can have seen in these topics, and the earlier one when it can have seen
        // both.
        return topics.contains { canHaveHad(position, $0) } ? min(position, given) : given
    }

    /// The earliest retained event to which a publisher gave an id.
    private func sequence(of id: EventID, _ topics: [Topic]) -> UInt64? {
        let places = log.places(of: id)
        guard !places.isEmpty else { return nil }
        let matcher = EventMatcher(registry, topics.map { TopicCursor(topic: $0.id, reportedThrough: 0) })
        return places.first { matcher.entry($0) != nil }?.sequence
    }

    private func canHaveHad(_ sequence: UInt64, _ topic: Topic) -> Bool {
        let matcher = EventMatcher(registry, [TopicCursor(topic: topic.id, reportedThrough: 0)])
        return topic.log.evictions.through >= sequence || matcher.isComing(sequence, log)
    }
}
