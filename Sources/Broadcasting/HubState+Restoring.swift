extension HubState {
    /// Takes over what an archive kept.
    mutating func restore(_ stored: StoredState) {
        outbox = Outbox()
        advance(to: stored.head)
        brokenThrough = stored.brokenThrough
        for (place, through) in stored.places { forgotten.note(place: place, through: through) }
        for channel in stored.channels {
            let id = topic(channel.name)
            self[id].log.gone.merge(unknownThrough: channel.evictedThrough)
            if let time = channel.endedAt {
                self[id].life = .ended(at: time)
                endings.append(id)
            }
        }
        for answer in stored.answers { answers.note(answer) }
    }

    /// See ``Hub/doubt()``.
    mutating func doubt() -> UInt64 {
        brokenThrough = numbered
        return numbered
    }

    /// Takes over an event that an archive kept; they come in the order of the log.
    mutating func restore(_ event: StoredEvent, _ frame: Frame?) {
        var count = 0
        for name in event.channels {
            let id = topic(name)
            guard event.sequence > self[id].log.gone.through, !self[id].isEnded else { continue }
            hold(event.sequence, time: event.time, size: event.size, event.labels, frame: frame, in: id)
            count += 1
        }
        advance(to: event.sequence)
        if count == 0 { outbox?.evicted.append(event.sequence) }
        if count > 1 { outbox?.shared[event.sequence] = count }
    }

    /// Lets go, once everything is restored, what the limits of today do not allow.
    mutating func finishRestoring(now: UInt64) {
        for (index, topic) in topics.enumerated() where topic != nil {
            enforceLimits(of: TopicID(index: index), now: now)
            forgetIfIdle(TopicID(index: index))
        }
        enforceTotal()
        forgetEmptied()
        unloadOldest()
    }
}
