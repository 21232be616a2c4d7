import DequeModule
import EventStreams

/// Publishes events: checks and numbers them, waits for the archive if there is one, and adds them to the log.
extension HubState {
    /// See ``Hub/publish(_:idempotency:reply:now:)``.
    mutating func publish(
        _ encoded: [EncodedEvent], _ idempotency: Idempotency?, reply: ReplyAddress, now: UInt64
    ) -> PublishOutcome {
        do throws(PublishRefusal) {
            if let idempotency, let receipt = try answers.answer(idempotency) { return .repeated(receipt) }
            try checkChannelLimit(encoded)
        } catch {
            return .refused(error)
        }
        if shared != nil { return share(encoded, idempotency, reply: reply, now: now) }
        var previous: (names: [ChannelName], topic: Topic)?
        guard writeQueue != nil else {
            let receipt = addToLog(place(encoded, now: now) { $0.nextSequence() }, now: now)
            if let idempotency { record(StoredAnswer(idempotency, time: now, receipt), now: now) }
            return .published(receipt)
        }
        var events: [PlacedEvent] = []
        for event in encoded { events.append(place(event, &previous)) }
        for event in events {
            for topic in event.topics { registry[topic].pendingWrites += 1 }
        }
        if let idempotency { answers.start(idempotency) }
        writeQueue?.waiting.append(.publish(events, reply, idempotency))
        return .pending
    }

    /// See ``Hub/end(_:reply:now:)``.
    mutating func end(_ name: ChannelName, reply: ReplyAddress, now: UInt64) -> EndOutcome? {
        if shared != nil { return shareEnd(of: name, reply: reply, now: now) }
        guard let topic = registry.find(name), !topic.isEnded else { return nil }
        guard writeQueue != nil else {
            return .ended(subscribers: end(topic, with: endFrame(of: topic, name, now: now)) ?? 0)
        }
        topic.pendingWrites += 1
        writeQueue?.waiting.append(.end(topic.id, name, reply))
        return .pending
    }

    private func endFrame(of topic: Topic, _ name: ChannelName, now: UInt64) -> Frame {
        endFrame(of: topic, name, number: log.nextSequence(), time: now)
    }

    func endFrame(of topic: Topic, _ name: ChannelName, number: UInt64, time: UInt64) -> Frame {
        Frame(
            sequence: number, time: time, endsTopic: topic.id,
            wire: EventEncoder.encode(ControlEvents.end(of: name)))
    }

    /// Remembers an answer, and forgets older ones for which there is no room.
    private mutating func record(_ answer: StoredAnswer, now: UInt64) {
        answers.record(answer)
        // One answer may weigh as much as many small ones.
        let expired = answers.expire(policy, atMost: 128, now: now)
        writeQueue?.expire(expired)
    }

    private mutating func checkChannelLimit(_ events: [EncodedEvent]) throws(PublishRefusal) {
        // While there is room for all of them, this looks no name up.
        let most = events.reduce(0) { $0 + $1.channels.count }
        guard registry.channelCount + most > policy.channels else { return }
        var new: Set<ChannelName> = []
        for event in events { new.formUnion(event.channels.filter { registry.find($0) == nil && !$0.isReserved }) }
        guard hasRoom(for: new.count) else {
            throw .tooManyChannels(limit: policy.channels)
        }
    }

    /// Finds the channels of an event.
    ///
    /// - Parameter previous: the channel of the event before, as its publisher named it; the next event often has the
    ///   same list.
    private mutating func place(
        _ event: EncodedEvent, _ previous: inout (names: [ChannelName], topic: Topic)?
    ) -> PlacedEvent {
        if event.channels.count == 1 {
            let topic: Topic
            if let previous, previous.names.isIdentical(to: event.channels) {
                topic = previous.topic
            } else {
                topic = registry.channel(event.channels[0], policy)
                previous = (event.channels, topic)
            }
            // All events of the channel share the lists with its name and its number.
            return PlacedEvent(frame: event.frame, labels: event.labels, topics: topic.ids, channels: topic.names)
        }
        placements += 1
        var topics: [TopicID] = []
        topics.reserveCapacity(event.channels.count)
        var channels: [ChannelName] = []
        channels.reserveCapacity(event.channels.count)
        for name in event.channels {
            let topic = registry.channel(name, policy)
            guard topic.placement != placements else { continue }
            topic.placement = placements
            topics.append(topic.id)
            channels.append(name)
        }
        return PlacedEvent(frame: event.frame, labels: event.labels, topics: topics, channels: channels)
    }

    /// Finds the channels of events, and gives these their numbers.
    mutating func place(
        _ encoded: [EncodedEvent], now: UInt64, number: (EventLog) -> UInt64
    ) -> [NumberedEvent] {
        var events: [NumberedEvent] = []
        events.reserveCapacity(encoded.count)
        var previous: (names: [ChannelName], topic: Topic)?
        let prefix = log.idPrefix
        for event in encoded {
            let placed = place(event, &previous)
            events.append(self.number(placed, number(log), after: prefix, now: now))
        }
        return events
    }

    /// Gives an event its number.
    private func number(
        _ event: PlacedEvent, _ number: UInt64, after prefix: [UInt8], now: UInt64
    ) -> NumberedEvent {
        event.frame.number(
            number, after: prefix, time: now, channels: event.channels, hasID: event.labels?.id != nil)
        return NumberedEvent(frame: event.frame, labels: event.labels, topics: event.topics)
    }

    // MARK: Into the log

    /// Adds events to the log and posts them to every loop that has subscribers.
    mutating func addToLog(_ numbered: [NumberedEvent], now: UInt64) -> Receipt {
        let isReopening =
            registry.endedCount > 0 && numbered.contains { event in event.topics.contains { registry[$0].isEnded } }
        let events = isReopening ? numbered.map { opened($0) } : numbered
        let (first, last) = (events[0], events[events.count - 1])
        var receipt = Receipt(
            count: events.count, first: log.id(first.frame.sequence, first.labels), last: "", channels: [],
            subscribers: 0, backlogs: [])
        receipt.last = events.count == 1 ? receipt.first : log.id(last.frame.sequence, last.labels)
        receipt.channels = first.frame.channels
        for event in events {
            log.advance(to: event.frame.sequence)
            let subscribers = post(event, since: first.frame.sequence, &receipt.backlogs)
            if event.frame.sequence == first.frame.sequence { receipt.subscribers = subscribers }
            writeQueue?.share(event.frame.sequence, by: event.topics.count)
            for id in event.topics {
                let topic = registry[id]
                append(event.frame, event.labels, to: topic, now: now)
                topic.group?.countPublished(event.frame.count)
                // The next event may have the same channel.
                if topic.isIdle { emptied.append(topic) }
            }
            unloadOldest()
        }
        removeEmptied()
        return receipt
    }

    /// The event for the topics that have the names of its channels now.
    private mutating func opened(_ event: NumberedEvent) -> NumberedEvent {
        var topics: [TopicID] = []
        for id in event.topics { topics.append(opened(registry[id]).id) }
        return NumberedEvent(frame: event.frame, labels: event.labels, topics: topics)
    }

    /// Adds an event to a channel's log and evicts the events that now exceed the limits.
    mutating func append(_ frame: Frame, _ labels: PublisherLabels?, to topic: Topic, now: UInt64) {
        log.append(frame.sequence, time: frame.time, size: frame.count, labels, frame: frame, to: topic)
        enforceLimits(of: topic, now: now)
        enforceTotal()
    }

    /// Posts an event to the subscribers of its channels and of the patterns that match them.
    ///
    /// - Parameters:
    ///   - start: the first event of the same publish.
    ///   - backlogs: gets the backlogs of the topics appended, each once for a publish.
    /// - Returns: how many subscribers these topics have.
    private mutating func post(_ event: NumberedEvent, since start: UInt64, _ backlogs: inout [Backlog]) -> Int {
        var subscribers = 0
        for id in event.topics {
            let channel = registry[id]
            subscribers += postOnce(event.frame, channel, since: start, &backlogs)
            guard registry.hasPatterns else { continue }
            for pattern in registry.patterns(matching: channel) {
                subscribers += postOnce(event.frame, registry[pattern], since: start, &backlogs)
            }
        }
        return subscribers
    }

    /// Posts a frame to a topic unless the topic has it already: an event reaches a pattern once, however many of its
    /// channels match.
    private mutating func postOnce(
        _ frame: Frame, _ topic: Topic, since start: UInt64, _ backlogs: inout [Backlog]
    ) -> Int {
        guard topic.postedThrough < frame.sequence else { return 0 }
        let isFirst = topic.postedThrough < start
        topic.postedThrough = frame.sequence
        post(frame, topic)
        if isFirst, let backlog = topic.backlog { backlogs.append(backlog) }
        return topic.subscribers
    }

    /// Topics with fewer subscribers in a loop count as topics with so many. Otherwise megabytes of events could wait for
    /// one subscriber, and would have left the caches of the processor when it is their turn.
    private static let fewestSubscribers = 64

    /// Posts a frame to every loop that has subscribers of a topic.
    mutating func post(_ frame: Frame, _ topic: Topic) {
        guard topic.loops != 0 else { return }
        let backlog = topic.backlog ?? Backlog()
        topic.backlog = backlog
        // The acceptor spreads connections evenly over the loops, and with them, nearly, the subscribers of a topic.
        let work = frame.count * max(Self.fewestSubscribers, topic.subscribers / topic.loops.nonzeroBitCount)
        for loop in outgoing.indices where topic.loops & (1 << UInt64(loop)) != 0 {
            outgoing[loop].append(
                MailboxItem(frame: frame, topic: topic.id, work: work, backlog: backlog, posted: heldSince))
        }
    }

    // MARK: From the archive

    /// See ``Hub/nextBatch(now:)``.
    mutating func nextBatch(now: UInt64) -> ArchiveBatch? {
        guard let waiting = writeQueue?.startBatch() else { return nil }
        let prefix = log.idPrefix
        var writes: Deque<PendingWrite> = []
        for write in waiting {
            switch write {
            case .publish(let events, let reply, let idempotency):
                let numbered = events.map { number($0, log.nextSequence(), after: prefix, now: now) }
                writes.append(.publish(numbered, reply, idempotency))
            case .end(let id, let name, let reply):
                writes.append(.end(id, endFrame(of: registry[id], name, now: now), reply))
            }
        }
        return writeQueue?.finishBatch(writes, log)
    }

    /// Adds the events and ends that the archive has written to the log.
    mutating func commit(_ writes: Deque<PendingWrite>.SubSequence, now: UInt64) -> [(loop: Int, Completion)] {
        writes.map { write in
            switch write {
            case .publish(let events, let reply, let idempotency):
                discountPendingWrites(events)
                let receipt = addToLog(events, now: now)
                for event in events {
                    for id in event.topics {
                        // Its name may have gone to a new topic meanwhile.
                        if let topic = registry.topic(at: id.index), topic.isReplaced { removeIfIdle(topic) }
                    }
                }
                if let idempotency { record(StoredAnswer(idempotency, time: now, receipt), now: now) }
                return (reply.loop, .published(reply.token, receipt))
            case .end(let id, let frame, let reply):
                registry[id].pendingWrites -= 1
                return (reply.loop, .ended(reply.token, subscribers: endLatest(registry[id], with: frame)))
            }
        }
    }

    /// Ends the topic that has the name of a channel now: since the end was queued, another end may have been written, and
    /// events after it.
    private mutating func endLatest(_ topic: Topic, with frame: Frame) -> Int {
        guard topic.isReplaced, let name = topic.name else {
            defer { removeIfIdle(topic) }
            return end(topic, with: frame) ?? 0
        }
        let latest = registry.channel(name, policy)
        let wire = unsafe Array(frame.bytes)
        let subscribers = end(
            latest, with: Frame(sequence: frame.sequence, time: frame.time, endsTopic: latest.id, wire: wire))
        removeIfIdle(topic)
        return subscribers ?? 0
    }

    /// Drops the events and ends that the archive could not write.
    mutating func refuse(
        _ writes: Deque<PendingWrite>.SubSequence, _ reason: String
    ) -> [(loop: Int, Completion)] {
        writes.map { write in
            switch write {
            case .publish(let events, let reply, let idempotency):
                discountPendingWrites(events)
                for event in events {
                    for id in event.topics {
                        if let topic = registry.topic(at: id.index) { removeIfIdle(topic) }
                    }
                }
                if let idempotency { answers.abandon(idempotency) }
                return (reply.loop, .refused(reply.token, .notStored(reason)))
            case .end(let topic, _, let reply):
                registry[topic].pendingWrites -= 1
                removeIfIdle(registry[topic])
                return (reply.loop, .refused(reply.token, .notStored(reason)))
            }
        }
    }

    private func discountPendingWrites(_ events: [NumberedEvent]) {
        for event in events {
            for topic in event.topics { registry[topic].pendingWrites -= 1 }
        }
    }
}
