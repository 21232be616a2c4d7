import Bytes
import EventStreams

/// Restores a snapshot into a new hub: without an archive before anything else, and with one after the archive's state.
extension HubState {
    /// Restores the snapshot. After an error the state is of no use.
    ///
    /// - Parameter now: milliseconds since 1970; no restored event is younger.
    /// - Returns: the topics of the snapshot, by their places.
    mutating func restore(
        from reader: inout ByteReader, now: UInt64
    ) throws(ByteReader.Damage) -> [RestoredTopic] {
        let hadArchive = try reader.flag()
        guard hadArchive == canUnload else {
            throw ByteReader.Damage("history.store was another one when it was written")
        }
        let epoch = Epoch(description: try reader.text())
        let (head, numbered) = (try reader.tally(), try reader.tally())
        guard head <= numbered else { throw ByteReader.Damage("its numbers cannot be valid") }
        if shared != nil {
            // The log of another epoch has other positions. That of this one may have gone on.
            guard log.epochs.current == epoch else {
                throw ByteReader.Damage("the shared log has begun another epoch since it was written")
            }
            _ = try reader.tally()
            return try restoreSharedTopics(from: &reader, head: head)
        }
        if hadArchive {
            // The positions of the subscribers belong to this log, and to no copy of it.
            guard lastEpoch == epoch, log.head == head, log.uncertainThrough == (try reader.tally()) else {
                throw ByteReader.Damage("the history is not the one that it was written with")
            }
            mergeRemoved()
            return try restoreTopics(from: &reader)
        }
        log.uncertainThrough = try reader.tally()
        let epochs = try Self.epochs(&reader)
        // Events are encoded with room for the id that they will have.
        guard epochs.current == epoch, log.epochs.current == epoch else {
            throw ByteReader.Damage("its epochs contradict each other")
        }
        log.epochs = epochs
        log.restoreEvictions(unknownThrough: try reader.tally())
        for _ in 0..<(try reader.count()) {
            registry.restoreRemoved(slot: try reader.index(below: .max), through: try reader.tally())
        }
        let topics = try restoreTopics(from: &reader)
        try restoreEvents(from: &reader, topics, now: now)
        for _ in 0..<(try reader.count()) {
            var answer = try StoredAnswer(&reader)
            answer.time = min(answer.time, now)
            answers.record(answer)
        }
        log.restore(head: head, numbered: numbered)
        return topics
    }

    /// Restores the topics of a log that this process has read anew. What the log has evicted since the process before wrote the
    /// snapshot is added to what that had evicted.
    private mutating func restoreSharedTopics(
        from reader: inout ByteReader, head: UInt64
    ) throws(ByteReader.Damage) -> [RestoredTopic] {
        var read: [ChannelName: Evictions] = [:]
        for topic in registry.all { if let name = topic.name { read[name] = topic.log.evictions } }
        let restored = try restoreTopics(from: &reader)
        for topic in restored.map({ registry[$0.id] }) {
            if let name = topic.name {
                if let mine = read[name] { topic.log.evictions = mine }
            } else if log.recentlyEvictedThrough > head {
                // The subscribers of a pattern have been told of so many evictions: this one is new to them.
                topic.log.evictions.record(log.recentlyEvictedThrough)
                topic.log.evictions.merge(unknownThrough: log.recentlyEvictedThrough)
            }
            topic.log.evictions.merge(unknownThrough: log.uncertainThrough)
        }
        return restored
    }

    private static func epochs(_ reader: inout ByteReader) throws(ByteReader.Damage) -> Epochs {
        let beginnings = try reader.list { reader throws(ByteReader.Damage) in
            Epochs.Beginning(Epoch(description: try reader.text()), first: try reader.tally())
        }
        guard let current = beginnings.last else { throw ByteReader.Damage("it has no epoch") }
        return Epochs(current, past: beginnings.dropLast())
    }

    private mutating func restoreTopics(
        from reader: inout ByteReader
    ) throws(ByteReader.Damage) -> [RestoredTopic] {
        var topics: [RestoredTopic] = []
        var ended: [Topic] = []
        for _ in 0..<(try reader.count()) {
            let isPattern = try reader.flag()
            let subject: TopicSubject =
                isPattern ? .pattern(try ChannelPattern(reading: &reader)) : .channel(try ChannelName(reading: &reader))
            let evictions = try Evictions(&reader)
            let (hasRebuiltEvictions, lostThrough) = (try reader.flag(), try reader.tally())
            let isReplaced = try reader.flag()
            let topic =
                switch subject {
                case .pattern(let pattern): registry.pattern(pattern, policy)
                case .channel(let name):
                    isReplaced ? registry.replaced(name, policy) : registry.channel(name, policy)
                }
            // Exact, unlike the slot of removed channels that the name shares with others.
            topic.log.evictions = evictions
            topic.hasRebuiltEvictions = hasRebuiltEvictions
            topic.log.restore(lostThrough: lostThrough)
            if let time = try reader.optionalNumber() {
                registry.end(topic, at: time, number: try reader.tally())
                if !isReplaced { ended.append(topic) }
            }
            topics.append(RestoredTopic(id: topic.id, subject: subject))
        }
        for topic in ended.sorted(by: { ($0.endNumber ?? 0) < ($1.endNumber ?? 0) }) { endedChannels.append(topic) }
        return topics
    }

    private func restoreEvents(
        from reader: inout ByteReader, _ topics: [RestoredTopic], now: UInt64
    ) throws(ByteReader.Damage) {
        var last: UInt64 = 0
        while true {
            let count = try reader.count()
            guard count > 0 else { return }
            var retaining: [Topic] = []
            for _ in 0..<count { retaining.append(registry[topics[try reader.index(below: topics.count)].id]) }
            let labels = try Self.labels(&reader)
            let frame = try Frame(&reader, topics)
            guard frame.sequence > last else { throw ByteReader.Damage("its events are out of order") }
            last = frame.sequence
            for topic in retaining {
                log.append(
                    frame.sequence, time: min(frame.time, now), size: frame.count, labels, frame: frame, to: topic)
            }
        }
    }

    private static func labels(_ reader: inout ByteReader) throws(ByteReader.Damage) -> PublisherLabels? {
        let (id, key) = (try reader.array(), try reader.array())
        do throws(InvalidEvent) {
            return PublisherLabels(id: try EventID(utf8: id[...]), key: try EventKey(utf8: key[...]))
        } catch {
            throw ByteReader.Damage("a label is invalid")
        }
    }
}
