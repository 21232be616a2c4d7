import DequeModule

/// Evicts what the limits do not allow, and removes the channels that are left empty.
extension HubState {
    // MARK: Limits

    /// Evicts what a topic's own limits do not allow.
    mutating func enforceLimits(of topic: Topic, now: UInt64) {
        while topic.log.exceeds(topic.limits, now: now) { evictFirst(of: topic) }
    }

    /// Evicts the oldest events of all while ``HistoryPolicy/total`` is exceeded. Call ``removeEmptied()`` afterwards.
    mutating func enforceTotal() {
        while log.bytes > policy.total, let topic = log.popOldest() {
            evictFirst(of: topic)
            if topic.isIdle { emptied.append(topic) }
        }
        log.compactIndex()
    }

    /// Keeps no more bytes in memory than the policy allows, when the archive has them too.
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

    /// Removes a topic that retains nothing and has no subscriber.
    mutating func removeIfIdle(_ topic: Topic) {
        guard topic.isIdle, registry.topic(at: topic.id.index) === topic else { return }
        let slots = registry.remove(topic)
        if !topic.isPattern { writeQueue?.remove(topic, slots) }
    }

    /// Removes the channels that were emptied since the last call. No operation may use them any more.
    mutating func removeEmptied() {
        for topic in emptied { removeIfIdle(topic) }
        emptied.removeAll(keepingCapacity: true)
    }

    /// Ends a channel. What its subscribers have still to receive stays until they have left, followed by the end.
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

    /// The hub remembers an end for as long as it would retain an event, and no more ends than this.
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
