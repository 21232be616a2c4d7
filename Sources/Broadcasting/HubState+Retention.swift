import DequeModule

/// Evicts the events that exceed the limits, and removes the channels that become empty.
extension HubState {
    // MARK: Limits

    /// Evicts the events that exceed a topic's own limits.
    mutating func enforceLimits(of topic: Topic, now: UInt64) {
        while topic.log.exceeds(topic.limits, now: now) { evictFirst(of: topic) }
    }

    /// Evicts the oldest events of all channels while they exceed ``HistoryPolicy/total``. Call ``removeEmptied()``
    /// afterwards.
    mutating func enforceTotal() {
        while log.bytes > policy.total, let topic = log.popOldest() {
            evictFirst(of: topic)
            if topic.isIdle { emptied.append(topic) }
        }
        log.compactIndex()
    }

    /// With an archive: frees the bytes of the oldest events that exceed ``HistoryPolicy/memory``.
    func unloadOldest() {
        if writeQueue != nil { log.unloadOldest(limit: policy.memory) }
    }

    mutating func evictAll(of topic: Topic) {
        while !topic.log.isEmpty { evictFirst(of: topic) }
    }

    private mutating func evictFirst(of topic: Topic) {
        let entry = log.evictFirst(of: topic)
        if !entry.isEnd { writeQueue?.evict(entry.sequence, from: topic) }
    }

    /// See ``Hub/evictUnreadable(_:)``.
    mutating func evictUnreadable(_ sequence: UInt64) -> Bool {
        var wasRetained = false
        for topic in registry.all where topic.log.retains(sequence) {
            wasRetained = true
            while let first = topic.log.entries.first, first.sequence <= sequence { evictFirst(of: topic) }
            removeIfIdle(topic)
        }
        return wasRetained
    }

    // MARK: Channels

    /// Removes a topic if it retains nothing, has no subscriber, waits for no write and has not ended.
    mutating func removeIfIdle(_ topic: Topic) {
        guard topic.isIdle, registry.topic(at: topic.id.index) === topic else { return }
        let slots = registry.remove(topic)
        if !topic.isPattern { writeQueue?.remove(topic, slots) }
    }

    /// Removes the channels that lost their last event since the last call. The caller must not use them any more.
    mutating func removeEmptied() {
        for topic in emptied { removeIfIdle(topic) }
        emptied.removeAll(keepingCapacity: true)
    }

    /// Ends a channel. The log retains its events, followed by the end, until its subscribers have left.
    ///
    /// - Returns: how many subscribers it had.
    mutating func end(_ topic: Topic, with frame: Frame) -> Int {
        log.advance(to: frame.sequence)
        post(frame, topic)
        if topic.subscribers == 0 { evictAll(of: topic) } else { append(frame, nil, to: topic, now: frame.time) }
        topic.status = .ended(at: frame.time)
        writeQueue?.changed.insert(topic.id.index)
        endedChannels.append(topic.id)
        if endedChannels.count > Self.rememberedEnds, let oldest = endedChannels.popFirst(),
            let forgotten = registry.topic(at: oldest.index), forgotten.isEnded, forgotten.subscribers == 0
        {
            reopen(forgotten)
            removeIfIdle(forgotten)
        }
        removeEmptied()
        return topic.subscribers
    }

    /// The hub remembers an end for as long as the age limit of the channel, and about this many ends at most.
    private static var rememberedEnds: Int { 10_000 }

    /// Forgets that a channel has ended.
    private mutating func reopen(_ topic: Topic) {
        topic.status = .open
        writeQueue?.changed.insert(topic.id.index)
    }

    // MARK: Upkeep

    /// See ``Hub/sweep(now:)``.
    mutating func sweep(now: UInt64) {
        for topic in registry.nextToSweep() {
            enforceLimits(of: topic, now: now)
            if case .ended(let time) = topic.status, topic.subscribers == 0, time < now, now - time > topic.limits.age {
                reopen(topic)
            }
            removeIfIdle(topic)
        }
        log.shrink(isWorthwhile: registry.shrink())
        let expired = answers.expire(window: policy.idempotencyWindow, limit: policy.idempotencyKeys, now: now)
        writeQueue?.expire(expired)
    }

    /// See ``Hub/apply(_:)``.
    mutating func apply(_ policy: HistoryPolicy) {
        self.policy = policy
        for topic in registry.all { topic.apply(policy) }
    }
}
