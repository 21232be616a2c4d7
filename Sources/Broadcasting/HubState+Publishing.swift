import EventStreams

extension HubState {
    /// See ``Hub/publish(_:once:reply:now:)``.
    mutating func publish(
        _ publications: [Publication], once: Idempotency?, reply: Reply, now: UInt64
    ) -> PublishOutcome {
        do throws(PublishRefusal) {
            if let once, let receipt = try answers.answer(once) { return .repeated(receipt) }
            try checkRoom(publications)
        } catch {
            return .refused(error)
        }
        let deliveries = publications.map { number($0, now: now) }
        guard outbox != nil else {
            let receipt = deliver(deliveries, now: now)
            if let once { remember(receipt, once, now: now) }
            return .published(receipt)
        }
        for delivery in deliveries {
            for topic in delivery.topics { self[topic].expected += 1 }
        }
        if let once { answers.begin(once) }
        outbox?.parcels.append(.publish(deliveries, reply, once: once))
        return .pending
    }

    private func checkRoom(_ publications: [Publication]) throws(PublishRefusal) {
        // Nothing more is looked up while there is room for certain.
        let most = publications.reduce(0) { $0 + $1.channels.count }
        guard channels.count + most > policy.channels else { return }
        var new: Set<ChannelName> = []
        for publication in publications { new.formUnion(publication.channels.filter { find($0) == nil }) }
        guard channels.count + new.count <= policy.channels || new.isEmpty else {
            throw .tooManyChannels(limit: policy.channels)
        }
    }

    private mutating func number(_ publication: Publication, now: UInt64) -> Delivery {
        let event = publication.event
        let sequence = nextSequence()
        let wire =
            if let id = event.id {
                EventEncoder.encode(event, id: id.description)
            } else {
                EventEncoder.encode(event, epoch: epoch.description, sequence: sequence)
            }
        var topics: [TopicID] = []
        topics.reserveCapacity(publication.channels.count)
        for name in publication.channels {
            let id = topic(name)
            if publication.channels.count == 1 || !topics.contains(id) { topics.append(id) }
        }
        return Delivery(
            frame: Frame(sequence: sequence, time: now, wire: wire), labels: EventLabels(id: event.id, key: event.key),
            topics: topics)
    }

    /// Adds events to the logs and leaves them for every loop that has subscribers.
    mutating func deliver(_ deliveries: [Delivery], now: UInt64) -> Receipt {
        var receipt = Receipt(count: deliveries.count, first: "", last: "", channels: [], subscribers: 0, backlogs: [])
        let start = deliveries.first?.frame.sequence ?? 0
        for (index, delivery) in deliveries.enumerated() {
            advance(to: delivery.frame.sequence)
            var subscribers = 0
            for topic in delivery.topics {
                subscribers += post(delivery.frame, topic, since: start, &receipt.backlogs)
                for watcher in watchers(of: topic.index) {
                    subscribers += post(delivery.frame, watcher, since: start, &receipt.backlogs)
                }
            }
            if index == 0 {
                receipt.channels = delivery.topics.compactMap { self[$0].name }
                receipt.subscribers = subscribers
            }
        }
        if let first = deliveries.first, let last = deliveries.last {
            receipt.first = id(of: first)
            receipt.last = deliveries.count == 1 ? receipt.first : id(of: last)
        }
        for delivery in deliveries {
            if delivery.topics.count > 1 { outbox?.shared[delivery.frame.sequence] = delivery.topics.count }
            for topic in delivery.topics { append(delivery.frame, delivery.labels, to: topic, now: now) }
        }
        for delivery in deliveries {
            for topic in delivery.topics { forgetIfIdle(topic) }
        }
        forgetEmptied()
        return receipt
    }

    private func id(of delivery: Delivery) -> String {
        delivery.labels?.id?.description
            ?? EventPosition(epoch: epoch, sequence: delivery.frame.sequence).description
    }

    /// Leaves a frame for the subscribers of a topic, unless that has been done: an event comes to a pattern once, however
    /// many of its channels match.
    ///
    /// - Parameters:
    ///   - start: the first event that is delivered together with this one.
    ///   - backlogs: gets that of the topic, once.
    /// - Returns: how many subscribers it has; 0 when it has been left before.
    private mutating func post(
        _ frame: Frame, _ id: TopicID, since start: UInt64, _ backlogs: inout [Backlog]
    ) -> Int {
        let topic = self[id]
        guard topic.postedThrough < frame.sequence else { return 0 }
        let isFirst = topic.postedThrough < start
        topic.postedThrough = frame.sequence
        post(frame, id)
        if isFirst, let backlog = topic.backlog { backlogs.append(backlog) }
        return topic.subscribers
    }

    /// Leaves a frame for every loop that has subscribers of a topic.
    mutating func post(_ frame: Frame, _ id: TopicID) {
        let topic = self[id]
        guard topic.loops != 0 else { return }
        let backlog = topic.backlog ?? Backlog()
        topic.backlog = backlog
        // Connections are spread evenly over the loops, and so, nearly, are the subscribers of a topic.
        let work = frame.count * max(1, topic.subscribers / topic.loops.nonzeroBitCount)
        for loop in outgoing.indices where topic.loops & (1 << UInt64(loop)) != 0 {
            outgoing[loop].append(Letter(frame: frame, topic: id, work: work, backlog: backlog))
        }
    }

    /// Remembers what was answered to an idempotency key.
    mutating func remember(_ receipt: Receipt, _ once: Idempotency, now: UInt64) {
        answers.note(
            StoredAnswer(
                once, time: now, count: receipt.count, first: receipt.first, last: receipt.last,
                channels: receipt.channels, subscribers: receipt.subscribers))
    }
}
