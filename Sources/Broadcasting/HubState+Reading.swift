import DequeModule
import EventStreams

extension HubState {
    /// Where a client goes on that names a position.
    ///
    /// - Parameter ended: channels that it names too and will hear no more of, but for what it missed of them.
    func resume(
        _ lastEventID: [UInt8], _ topics: [TopicID], ended: [TopicID]
    ) -> (cursor: UInt64, gap: Gap?) {
        guard let cursor = sequence(of: lastEventID, topics) else {
            // Malformed, unknown, or of another incarnation: all that is held follows.
            return (0, gap(lastEventID, topics, lost: nil))
        }
        let interests = topics.map { Interest(topic: $0, toldThrough: self[$0].log.evictedThrough) }
        // What an ended channel still holds is for others, who have not left yet.
        let omissions =
            interests.map { Omission(topic: $0.topic, after: cursor, through: $0.toldThrough) }
            + ended.map { Omission(topic: $0, after: cursor, through: self[$0].log.newestEvent) }
        let lost = lost(
            omissions, coming: interests.map { source($0, after: cursor, isSlow: false, now: 0) })
        return (cursor, lost == 0 ? nil : gap(lastEventID, topics, lost: lost))
    }

    private func sequence(of lastEventID: [UInt8], _ topics: [TopicID]) -> UInt64? {
        guard let text = String(validating: lastEventID, as: UTF8.self) else { return nil }
        if let position = EventPosition(text), position.epoch == epoch, position.sequence <= head {
            return position.sequence
        }
        guard let id = (try? EventID(text)) ?? nil else { return nil }
        return topics.compactMap { self[$0].log.sequence(of: id) }.min()
    }

    private func gap(_ requested: [UInt8], _ topics: [TopicID], lost: Int?) -> Gap {
        let oldest = topics.compactMap { self[$0].log.frames.first }.min { $0.sequence < $1.sequence }
        let newest = topics.compactMap { self[$0].log.frames.last }.max { $0.sequence < $1.sequence }
        return Gap(
            requested: String(decoding: requested.prefix(EventID.limit), as: UTF8.self),
            oldest: oldest.map(id), newest: newest.map(id), lost: lost)
    }

    func id(_ frame: Frame) -> String {
        frame.publisherID?.description ?? EventPosition(epoch: epoch, sequence: frame.sequence).description
    }

    /// See ``Hub/read(_:after:isSlow:now:budget:into:)``.
    func read(
        _ interests: [Interest], after cursor: UInt64, isSlow: Bool, now: UInt64, budget: Int,
        into frames: inout [Frame]
    ) -> Slice {
        var slice = Slice()
        if let cut = overdue(interests, after: cursor, isSlow: isSlow, now: now) {
            slice.cut = cut.lag
            slice.farewell = cut.farewell
            return slice
        }
        let interests = skip(interests, after: cursor, isSlow: isSlow, now: now, &slice)
        let isWhole =
            if interests.count == 1, !isConflated(interests[0], after: cursor, isSlow: isSlow, now: now) {
                take(interests[0], after: cursor, budget: budget, into: &frames)
            } else {
                merge(
                    interests.map { source($0, after: cursor, isSlow: isSlow, now: now) }, budget: budget,
                    into: &frames)
            }
        if isWhole { slice.head = head }
        return slice
    }

    /// What is left to be said to a subscriber that missed something of channels which have all ended: it could come
    /// back, but only to be turned away.
    func farewell(_ interests: [Interest], after cursor: UInt64, begun: Frame?) -> [UInt8]? {
        guard interests.allSatisfy({ self[$0.topic].isEnded }) else { return nil }
        let cursor = max(cursor, begun?.sequence ?? 0)
        let position = Array(EventPosition(epoch: epoch, sequence: cursor).description.utf8)
        // What is still held is missed as well: it is not sent any more.
        let lost = lost(
            interests.map { interest in
                let last = self[interest.topic].log.newestEvent
                return Omission(topic: interest.topic, after: max(cursor, interest.toldThrough), through: last)
            }, coming: [])
        let gap = lost == 0 ? [] : EventEncoder.encode(Notices.gap(gap(position, [], lost: lost)))
        return interests.reduce(gap) { wire, interest in
            begun?.endsTopic == interest.topic
                ? wire : wire + EventEncoder.encode(Notices.end(of: self[interest.topic].name))
        }
    }

    /// - Returns: whether nothing is left.
    private func take(_ interest: Interest, after cursor: UInt64, budget: Int, into frames: inout [Frame]) -> Bool {
        let log = self[interest.topic].log
        var left = budget
        for index in log.index(after: max(cursor, interest.toldThrough))..<log.frames.count {
            if left <= 0 { return false }
            frames.append(log.frames[index])
            left -= log.frames[index].count
        }
        return true
    }

    /// What one topic has for a subscriber.
    struct Source {
        let frames: Deque<Frame>
        var next: Int

        var first: Frame? { next < frames.count ? frames[next] : nil }
    }

    func source(_ interest: Interest, after cursor: UInt64, isSlow: Bool, now: UInt64) -> Source {
        let log = self[interest.topic].log
        if isConflated(interest, after: cursor, isSlow: isSlow, now: now) {
            return Source(frames: log.conflated(after: max(cursor, interest.toldThrough)), next: 0)
        }
        return Source(frames: log.frames, next: log.index(after: max(cursor, interest.toldThrough)))
    }

    /// Merges several channels in the order of the log; an event of two of them is taken once.
    private func merge(_ sources: [Source], budget: Int, into frames: inout [Frame]) -> Bool {
        var sources = sources
        var left = budget
        while let first = sources.lazy.compactMap(\.first).min(by: { $0.sequence < $1.sequence }) {
            if left <= 0 { return false }
            frames.append(first)
            left -= first.count
            for index in sources.indices where sources[index].first?.sequence == first.sequence {
                sources[index].next += 1
            }
        }
        return true
    }

    func summary(_ id: TopicID) -> ChannelSummary {
        let topic = self[id]
        return ChannelSummary(
            name: topic.name, subscribers: topic.subscribers, events: topic.log.frames.count, bytes: topic.log.bytes,
            first: topic.log.frames.first.map(self.id), last: topic.log.frames.last.map(self.id))
    }
}
