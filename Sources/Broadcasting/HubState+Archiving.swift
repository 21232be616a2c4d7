import DequeModule
import EventStreams

extension HubState {
    /// Takes all that the archive has still to be told.
    ///
    /// - Returns: nil when there is nothing.
    mutating func takeBatch() -> ArchiveBatch? {
        guard let box = outbox, !box.isEmpty else {
            outbox?.hasRung = false
            return nil
        }
        // Whoever adds something need not ring: the archive asks again when this is done.
        outbox = Outbox(shared: box.shared, hasRung: true)
        var batch = ArchiveBatch()
        batch.parcels = box.parcels
        batch.evicted = box.evicted
        batch.forgotten = box.forgotten
        batch.places = box.places
        batch.expired = box.expired
        batch.head = head
        var ends: [Int: Frame?] = [:]
        for parcel in batch.parcels {
            switch parcel {
            case .publish(let deliveries, _, let once):
                for delivery in deliveries {
                    batch.additions.append(addition(delivery))
                    batch.head = delivery.frame.sequence
                    for topic in delivery.topics where ends[topic.index] != nil || self[topic].isEnded {
                        ends[topic.index] = .some(nil)
                    }
                }
                if let once { batch.answers.append(answer(deliveries, once)) }
            case .end(let topic, let frame, _):
                ends[topic.index] = frame
                batch.head = frame.sequence
            }
        }
        for index in box.changed.union(ends.keys) {
            guard let topic = topic(at: index), let name = topic.name else { continue }
            var channel = ArchiveBatch.Channel(name: name, evictedThrough: topic.log.gone.through, endedAt: nil)
            switch ends[index] {
            case .some(.some(let end)):
                channel.endedAt = end.time
                // Its history does not come back, not even when it is opened again and the process ends before the
                // events are gone one by one.
                channel.evictedThrough = end.sequence
            case .some(nil): channel.evictedThrough = topic.log.newestEvent
            case nil: if case .ended(let time) = topic.life { channel.endedAt = time }
            }
            batch.channels.append(channel)
        }
        return batch
    }

    private func addition(_ delivery: Delivery) -> ArchiveBatch.Addition {
        ArchiveBatch.Addition(
            frame: delivery.frame, labels: delivery.labels, channels: delivery.topics.compactMap { self[$0].name })
    }

    private func answer(_ deliveries: [Delivery], _ once: Idempotency) -> StoredAnswer {
        let ids = [deliveries.first, deliveries.last].compactMap { delivery in
            delivery.map { $0.labels?.id?.description ?? id($0.frame.sequence) }
        }
        let channels = deliveries[0].topics.compactMap { self[$0].name }
        return StoredAnswer(
            once, time: deliveries[0].frame.time, count: deliveries.count, first: ids[0], last: ids[1],
            channels: channels, subscribers: deliveries[0].topics.reduce(0) { $0 + self[$1].subscribers })
    }

    private func id(_ sequence: UInt64) -> String { EventPosition(epoch: epoch, sequence: sequence).description }

    /// Puts what the archive has into the log.
    mutating func commit(_ batch: ArchiveBatch, now: UInt64) -> [(loop: Int, Completion)] {
        batch.parcels.map { parcel in
            switch parcel {
            case .publish(let deliveries, let reply, let once):
                relax(deliveries)
                let receipt = deliver(deliveries, now: now)
                if let once { remember(receipt, once, now: now) }
                return (reply.loop, .published(reply.token, receipt))
            case .end(let topic, let frame, let reply):
                self[topic].expected -= 1
                return (reply.loop, .ended(reply.token, subscribers: end(topic, with: frame)))
            }
        }
    }

    /// Gives up what the archive does not take. What must be told to it in any case is told again with the next batch.
    mutating func refuse(_ batch: ArchiveBatch, _ reason: String) -> [(loop: Int, Completion)] {
        outbox?.hasRung = false
        outbox?.evicted.insert(contentsOf: batch.evicted, at: 0)
        outbox?.forgotten.insert(contentsOf: batch.forgotten, at: 0)
        outbox?.places.merge(batch.places) { newer, _ in newer }
        outbox?.expired.insert(contentsOf: batch.expired, at: 0)
        for channel in batch.channels {
            if let id = find(channel.name) { outbox?.changed.insert(id.index) }
        }
        return batch.parcels.map { parcel in
            switch parcel {
            case .publish(let deliveries, let reply, let once):
                relax(deliveries)
                for delivery in deliveries {
                    for topic in delivery.topics { forgetIfIdle(topic) }
                }
                if let once { answers.abandon(once) }
                return (reply.loop, .refused(reply.token, .notStored(reason)))
            case .end(let topic, _, let reply):
                self[topic].expected -= 1
                forgetIfIdle(topic)
                return (reply.loop, .refused(reply.token, .notStored(reason)))
            }
        }
    }

    private func relax(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            for topic in delivery.topics { self[topic].expected -= 1 }
        }
    }

    /// Ends a channel.
    ///
    /// - Returns: how many subscribers it had.
    mutating func end(_ topic: TopicID, with frame: Frame) -> Int {
        advance(to: frame.sequence)
        post(frame, topic)
        let count = self[topic].subscribers
        end(topic, with: frame, now: frame.time)
        forgetEmptied()
        return count
    }

    /// Lets go of an event that the archive turned out not to have, and of those before it in its channels.
    ///
    /// - Returns: whether it was held.
    mutating func lose(_ sequence: UInt64) -> Bool {
        var wasHeld = false
        for (index, topic) in topics.enumerated() {
            guard let topic, topic.log.holds(sequence) else { continue }
            wasHeld = true
            while let first = topic.log.entries.first, first.sequence <= sequence {
                evictFirst(of: TopicID(index: index))
            }
            forgetIfIdle(TopicID(index: index))
        }
        return wasHeld
    }
}
