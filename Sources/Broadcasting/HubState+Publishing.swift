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
        var previous: PlacedChannels?
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

    func endFrame(of topic: Topic, _ name: ChannelName, now: UInt64) -> Frame {
        endFrame(of: topic, name, number: log.nextSequence(), time: now)
    }

    func endFrame(of topic: Topic, _ name: ChannelName, number: UInt64, time: UInt64) -> Frame {
        Frame(
            sequence: number, time: time, endsTopic: topic.id,
            wire: EventEncoder.encode(ControlEvents.end(of: name)))
    }

    /// Remembers an answer, and forgets older ones for which there is no room.
    mutating func record(_ answer: StoredAnswer, now: UInt64) {
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

    /// Channels as a publisher named them, and as the log has them.
    private struct PlacedChannels {
        let names: [ChannelName]
        let topics: [TopicID]
        let channels: [ChannelName]
    }

    /// Finds the channels of an event.
    ///
    /// - Parameter previous: the channels of the event before; the next event often has the same list.
    private mutating func place(_ event: EncodedEvent, _ previous: inout PlacedChannels?) -> PlacedEvent {
        let placed: PlacedChannels
        if let previous,
            previous.names.isIdentical(to: event.channels)
                || event.channels.count > 1 && previous.names == event.channels
        {
            placed = previous
        } else {
            placed = place(event.channels)
            previous = placed
        }
        return PlacedEvent(frame: event.frame, labels: event.labels, topics: placed.topics, channels: placed.channels)
    }

    private mutating func place(_ names: [ChannelName]) -> PlacedChannels {
        if names.count == 1 {
            let topic = registry.channel(names[0], policy)
            // All events of the channel share the lists with its name and its number.
            return PlacedChannels(names: names, topics: topic.ids, channels: topic.names)
        }
        placements += 1
        var topics: [TopicID] = []
        topics.reserveCapacity(names.count)
        var channels: [ChannelName] = []
        channels.reserveCapacity(names.count)
        for name in names {
            let topic = registry.channel(name, policy)
            guard topic.placement != placements else { continue }
            topic.placement = placements
            topics.append(topic.id)
            channels.append(name)
        }
        return PlacedChannels(names: names, topics: topics, channels: channels)
    }

    /// Finds the channels of events, and gives these their numbers.
    mutating func place(
        _ encoded: [EncodedEvent], now: UInt64, number: (EventLog) -> UInt64
    ) -> [NumberedEvent] {
        var events: [NumberedEvent] = []
        events.reserveCapacity(encoded.count)
        var previous: PlacedChannels?
        let prefix = log.idPrefix
        for event in encoded {
            let placed = place(event, &previous)
            events.append(self.number(placed, number(log), after: prefix, now: now))
        }
        return events
    }

    /// Gives an event its number.
    func number(
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
}
