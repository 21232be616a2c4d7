import DequeModule
import EventStreams

extension HubState {
    /// Where a subscriber begins.
    ///
    /// - Parameter ended: channels that it names too and will hear no more of, but for what it missed of them.
    mutating func begin(_ request: SubscriptionRequest, _ topics: [TopicID], ended: [TopicID]) -> Subscription {
        if let lastEventID = request.lastEventID {
            for topic in topics { survey(topic) }
            let (cursor, gap) = resume(lastEventID, topics, ended: ended)
            let interests = topics.map { interest($0, from: 0) }
            let hasMissed = interests.contains { !self[$0.topic].isPattern && hasMore($0, after: cursor) }
            return Subscription(interests: interests, cursor: cursor, isBehind: true, hasMissed: hasMissed, gap: gap)
        }
        let interests = topics.map { topic in
            let start = position(request.replay ?? self[topic].limits.replay, topic)
            return interest(topic, from: start)
        }
        // Where it begins is said for each topic; the cursor stands before the first of these places.
        let cursor = interests.reduce(head) { min($0, $1.toldThrough) }
        let isBehind = interests.contains {
            self[$0.topic].isPattern ? $0.toldThrough < head : hasMore($0, after: cursor)
        }
        return Subscription(
            interests: interests, cursor: isBehind ? cursor : head, isBehind: isBehind, hasMissed: false, gap: nil)
    }

    /// A topic from a place on, for somebody who has been told of what is gone by now. What is gone of a channel are its
    /// oldest events; of a pattern it can be any.
    private func interest(_ id: TopicID, from start: UInt64) -> Interest {
        let gone = self[id].log.gone
        return self[id].isPattern
            ? Interest(topic: id, toldThrough: start, toldEvictions: gone.count)
            : Interest(topic: id, toldThrough: max(start, gone.through))
    }

    private func hasMore(_ interest: Interest, after cursor: UInt64) -> Bool {
        let log = self[interest.topic].log
        return log.index(after: max(cursor, interest.toldThrough)) < log.entries.count
    }

    /// The position after which a newcomer begins in one topic.
    private mutating func position(_ replay: Replay, _ id: TopicID) -> UInt64 {
        if self[id].isPattern, replay != .none {
            survey(id)
            return positionInPattern(replay, id)
        }
        let log = self[id].log
        switch replay {
        case .none: return head
        case .all: return 0
        case .last(let count):
            let events = log.events
            return count < events ? log.entries[events - count].sequence - 1 : 0
        case .since(let time):
            let index = log.index(since: time)
            return index < log.entries.count ? log.entries[index].sequence - 1 : head
        }
    }

    /// Events of all channels that are looked at for a newcomer by pattern.
    private static var lookBack: Int { 65_536 }

    private func positionInPattern(_ replay: Replay, _ id: TopicID) -> UInt64 {
        var left = Int.max
        var since: UInt64 = 0
        switch replay {
        case .none: return head
        case .all: return 0
        case .last(let count): left = count
        case .since(let time): since = time
        }
        let matcher = Matcher(self, [Interest(topic: id, toldThrough: 0)])
        var position = head
        for place in order.reversed().prefix(Self.lookBack) where place.sequence <= position {
            guard let entry = matcher.entry(place)?.entry else { continue }
            guard left > 0, entry.time >= since else { break }
            // An event of several channels counts once.
            if place.sequence <= position { left -= 1 }
            position = place.sequence - 1
        }
        return position
    }

    /// Where a client goes on that names a position.
    private func resume(
        _ lastEventID: [UInt8], _ topics: [TopicID], ended: [TopicID]
    ) -> (cursor: UInt64, gap: Gap?) {
        guard let cursor = sequence(of: lastEventID, topics) else {
            // Malformed, unknown, or of another incarnation: all that is held follows.
            return (0, gap(lastEventID, topics, lost: nil))
        }
        if cursor < brokenThrough { return (cursor, gap(lastEventID, topics, lost: nil)) }
        let interests = topics.map { interest($0, from: 0) }
        // What an ended channel still holds is for others, who have not left yet.
        let omissions =
            topics.map { Omission(topic: $0, after: cursor, through: self[$0].log.gone.through) }
            + ended.map { Omission(topic: $0, after: cursor, through: self[$0].log.newestEvent) }
        let lost = lost(omissions, coming: interests, after: cursor)
        return (cursor, lost == 0 ? nil : gap(lastEventID, topics, lost: lost))
    }

    private func sequence(of lastEventID: [UInt8], _ topics: [TopicID]) -> UInt64? {
        guard let text = String(validating: lastEventID, as: UTF8.self) else { return nil }
        let position = EventPosition(text).flatMap { $0.epoch == epoch && $0.sequence <= head ? $0.sequence : nil }
        guard let id = (try? EventID(text)) ?? nil, let given = given(id, topics) else { return position }
        guard let position else { return given }
        // A stream of ours that was published again, to another channel, has ids that are positions too. Which of both
        // is meant shows in which of them can have been seen here; the earlier when both can.
        return topics.contains { canHaveHad(position, $0) } ? min(position, given) : given
    }

    /// The earliest held event to which a publisher gave an id.
    private func given(_ id: EventID, _ topics: [TopicID]) -> UInt64? {
        let places = publisherIDs.places(of: id)
        guard !places.isEmpty else { return nil }
        let matcher = Matcher(self, topics.map { Interest(topic: $0, toldThrough: 0) })
        return places.first { matcher.entry($0) != nil }?.sequence
    }

    private func canHaveHad(_ sequence: UInt64, _ topic: TopicID) -> Bool {
        self[topic].log.gone.through >= sequence
            || isComing(sequence, Matcher(self, [Interest(topic: topic, toldThrough: 0)]))
    }

    func gap(_ requested: [UInt8], _ topics: [TopicID], lost: Int?) -> Gap {
        let extents = topics.compactMap { extent(of: $0) }
        let oldest = extents.map(\.oldest).min { $0.sequence < $1.sequence }
        let newest = extents.map(\.newest).max { $0.sequence < $1.sequence }
        return Gap(
            requested: String(decoding: requested.prefix(EventID.limit), as: UTF8.self),
            oldest: oldest.map(id), newest: newest.map(id), lost: lost)
    }

    /// The id of a held event, as it is on the wire.
    private func id(_ place: LogPlace) -> String {
        let log = self[TopicID(index: place.topic)].log
        return log.labels(of: place.sequence)?.id?.description
            ?? EventPosition(epoch: epoch, sequence: place.sequence).description
    }
}
