import DequeModule
import EventStreams

/// Decides where a new subscriber starts.
struct ResumePoint {
    let log: EventLog

    /// The most events of all channels that ``ReplayStart/last(_:)`` and ``ReplayStart/since(_:)`` of patterns search.
    private static var lookBack: Int { 8192 }
    /// What is looked at for one request, at most, to find the evictions of its patterns.
    private static var evictionSteps: Int { 8192 }

    private var registry: TopicRegistry { log.registry }

    /// - Parameter ended: channels that the client names and that have ended. The subscriber gets no further events of
    ///   them, but a gap counts those that it missed.
    func subscription(_ request: SubscriptionRequest, _ topics: [Topic], ended: [Topic]) -> Subscription {
        if let lastEventID = request.position.map({ Array($0.description.utf8) }) ?? request.lastEventID {
            rebuildEvictions(of: topics)
            let sequence =
                if let position = request.position {
                    log.epochs.sequence(of: position, head: log.head)
                } else {
                    sequence(of: lastEventID, topics)
                }
            let (position, gap) = resume(lastEventID, at: sequence, topics, ended: ended)
            let cursors = topics.map { cursor($0, from: 0) }
            let hasMissed = zip(topics, cursors).contains { !$0.isPattern && hasMore($0, $1, after: position) }
            return Subscription(
                cursors: cursors, subjects: topics.map(\.subject), position: position, isBehind: true,
                isResumed: true, hasMissed: hasMissed, gap: gap)
        }
        let starts = starts(topics.map { ($0, request.replay ?? $0.limits.replay) })
        let cursors = zip(topics, starts).map { cursor($0, from: $1) }
        // Each topic has a start of its own; the position lies before the first of them.
        let position = cursors.reduce(log.head) { min($0, $1.reportedThrough) }
        let isBehind = zip(topics, cursors).contains {
            $0.isPattern ? $1.reportedThrough < log.head : hasMore($0, $1, after: position)
        }
        return Subscription(
            cursors: cursors, subjects: topics.map(\.subject), position: isBehind ? position : log.head,
            isBehind: isBehind, isResumed: false, hasMissed: false, gap: nil)
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

    private func rebuildEvictions(of topics: [Topic]) {
        var steps = Self.evictionSteps
        for topic in topics { log.rebuildEvictions(of: topic, &steps) }
    }

    // MARK: Without a position

    /// The positions after which a subscriber without one starts in its topics.
    private func starts(_ topics: [(topic: Topic, replay: ReplayStart)]) -> [UInt64] {
        rebuildEvictions(of: topics.filter { $0.topic.isPattern && $0.replay != .none }.map(\.topic))
        var searches: [PatternSearch] = []
        var starts: [UInt64] = []
        for (index, (topic, replay)) in topics.enumerated() {
            switch replay {
            case .none: starts.append(log.head)
            case .all: starts.append(0)
            case .last, .since:
                starts.append(topic.isPattern ? log.head : startInChannel(replay, topic.log))
                if topic.isPattern { searches.append(PatternSearch(index, topic, replay, head: log.head)) }
            }
        }
        search(&searches)
        for search in searches { starts[search.index] = search.position }
        return starts
    }

    private func startInChannel(_ replay: ReplayStart, _ channel: ChannelLog) -> UInt64 {
        switch replay {
        case .none: return log.head
        case .all: return 0
        case .last(let count):
            let events = channel.events
            return count < events ? channel.entries[events - count].sequence - 1 : 0
        case .since(let time):
            let index = channel.index(since: time)
            return index < channel.entries.count ? channel.entries[index].sequence - 1 : log.head
        }
    }

    /// A search for the start in a pattern.
    private struct PatternSearch {
        let index: Int
        let topic: Topic
        /// Events that it may still go back.
        var left = Int.max
        /// Milliseconds since 1970 before which it goes back no further.
        var since: UInt64 = 0
        var position: UInt64
        var isDone = false

        init(_ index: Int, _ topic: Topic, _ replay: ReplayStart, head: UInt64) {
            (self.index, self.topic, position) = (index, topic, head)
            switch replay {
            case .last(let count): left = count
            case .since(let time): since = time
            case .none, .all: isDone = true
            }
        }

        /// Goes back over an event of the pattern. An event of several channels counts once.
        mutating func goBack(over entry: LogEntry) {
            guard !isDone, entry.sequence <= position else { return }
            if left > 0, entry.time >= since {
                left -= 1
                position = entry.sequence - 1
            } else {
                isDone = true
            }
        }
    }

    /// Searches the newest events of all channels, once for all patterns.
    private func search(_ searches: inout [PatternSearch]) {
        guard !searches.isEmpty else { return }
        let matcher = EventMatcher(registry, searches.map { TopicCursor(topic: $0.topic.id, reportedThrough: 0) })
        for place in log.index.reversed().prefix(Self.lookBack / searches.count) {
            guard let entry = matcher.entry(place)?.entry, let name = registry.topic(at: place.topic)?.name else {
                continue
            }
            let bytes = name.description.utf8.span
            for index in searches.indices where searches[index].topic.scan?.matches(bytes) == true {
                searches[index].goBack(over: entry)
            }
            if searches.allSatisfy(\.isDone) { return }
        }
    }

    // MARK: With a position

    /// Where a client that names a position resumes, and the gap that it gets first.
    private func resume(
        _ lastEventID: [UInt8], at sequence: UInt64?, _ topics: [Topic], ended: [Topic]
    ) -> (position: UInt64, gap: Gap?) {
        let report = GapReport(log: log)
        guard let position = sequence else {
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
        let position = EventPosition(text).flatMap { log.epochs.sequence(of: $0, head: log.head) }
        guard let id = (try? EventID(text)) ?? nil, let given = log.sequence(of: id, topics) else { return position }
        guard let position else { return given }
        // When a publisher copies a stream of crier to another channel of the same daemon, the ids are positions too.
        // Use the meaning that the client can have seen in these topics, and the earlier one when it can have seen
        // both.
        return topics.contains { canHaveHad(position, $0) } ? min(position, given) : given
    }

    private func canHaveHad(_ sequence: UInt64, _ topic: Topic) -> Bool {
        let matcher = EventMatcher(registry, [TopicCursor(topic: topic.id, reportedThrough: 0)])
        return topic.log.evictions.through >= sequence || matcher.isComing(sequence, log)
    }
}
