import DequeModule
import EventStreams

/// Numbers the changes that the archive takes, and applies them once it has written them.
extension HubState {
    /// See ``Hub/nextBatch(now:flushing:)``.
    mutating func nextBatch(now: UInt64, flushing: Bool) -> ArchiveBatch? {
        guard let waiting = writeQueue?.startBatch(now: now, flushing: flushing) else { return nil }
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
        return writeQueue?.finishBatch(writes, log, now: now, flushing: flushing)
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
