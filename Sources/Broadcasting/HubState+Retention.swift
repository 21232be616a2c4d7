import DequeModule
import HashTreeCollections

/// Evicts the events that exceed the limits, and removes the channels that become empty.
extension HubState {
    // MARK: Limits

    /// Evicts the events that exceed a topic's own limits.
    mutating func enforceLimits(of topic: Topic, now: UInt64) {
        if topic.policyVersion != policyVersion { topic.apply(policy, version: policyVersion) }
        while topic.log.exceeds(topic.limits, now: now) {
            guard budget.take() else { return unfinished.append(topic) }
            evictFirst(of: topic)
        }
    }

    /// Evicts the oldest events of all channels while they exceed ``HistoryPolicy/total``. Call ``removeEmptied()``
    /// afterwards.
    mutating func enforceTotal() {
        while log.bytes > policy.total, !log.index.isEmpty, budget.take() {
            guard let topic = log.popOldest() else { continue }
            evictFirst(of: topic)
            if topic.isIdle { emptied.append(topic) }
        }
        // One block for every eighth of a block that is added: so the index never exceeds three times the events.
        if log.hasWastefulIndex, log.appended.isMultiple(of: EventIndex.blockLimit / 8) { log.compactIndex() }
    }

    /// With an archive: frees the bytes of the oldest events that exceed ``HistoryPolicy/memory``.
    mutating func unloadOldest() {
        if canUnload { log.unloadOldest(limit: policy.memory, &budget) }
    }

    mutating func evictAll(of topic: Topic) {
        while !topic.log.isEmpty {
            guard budget.take() else { return unfinished.append(topic) }
            evictFirst(of: topic)
        }
    }

    /// Whether evictions wait because the budget of a hold was used up.
    var hasUnfinished: Bool { !unfinished.isEmpty || exceedsTotal }

    /// Whether the events of all channels exceed ``HistoryPolicy/total``, or ``HistoryPolicy/memory``.
    var exceedsTotal: Bool {
        (log.bytes > policy.total && !log.index.isEmpty) || (canUnload && log.exceeds(memory: policy.memory))
    }

    /// Continues with the evictions that wait.
    mutating func continueUnfinished(now: UInt64) {
        enforceTotal()
        unloadOldest()
        for _ in 0..<unfinished.count {
            // Without a budget each would only wait again.
            guard budget.isLeft, let topic = unfinished.popFirst() else { break }
            // Another operation may have removed it, and its number may have another owner.
            guard registry.topic(at: topic.id.index) === topic else { continue }
            if topic.isEnded, topic.subscribers == 0 { evictAll(of: topic) } else { enforceLimits(of: topic, now: now) }
            removeIfIdle(topic)
        }
        removeEmptied()
    }

    mutating func evictFirst(of topic: Topic) {
        let entry = log.evictFirst(of: topic, &budget)
        if !entry.isEnd { writeQueue?.evict(entry.sequence, from: topic) }
    }

    /// See ``Hub/evictUnreadable(_:)``.
    mutating func evictUnreadable(_ sequence: UInt64) -> Bool {
        var wasRetained = false
        for place in log.index[log.index.position(after: sequence - 1)...].prefix(while: { $0.sequence == sequence }) {
            guard let topic = registry.topic(at: place.topic), topic.log.retains(sequence) else { continue }
            wasRetained = true
            while let first = topic.log.entries.first, first.sequence <= sequence, budget.take() {
                evictFirst(of: topic)
            }
            removeIfIdle(topic)
        }
        return wasRetained
    }

    // MARK: Channels

    /// Removes a topic if it retains nothing, has no subscriber, waits for no write and has not ended.
    mutating func removeIfIdle(_ topic: Topic) {
        guard topic.isIdle, registry.topic(at: topic.id.index) === topic else { return }
        endedChannels.remove(topic)
        let slots = registry.remove(topic)
        if !topic.isPattern { writeQueue?.remove(topic, slots) }
    }

    /// Whether there is room for more channels. Forgets the oldest ends to make room.
    mutating func hasRoom(for new: Int) -> Bool {
        while new > 0, registry.channelCount + new > policy.channels {
            guard let forgotten = endedChannels.oldestUnused() else { return false }
            reopen(forgotten)
            removeIfIdle(forgotten)
        }
        return true
    }

    /// Removes the channels that lost their last event since the last call. The caller must not use them any more.
    mutating func removeEmptied() {
        for topic in emptied { removeIfIdle(topic) }
        emptied.removeAll(keepingCapacity: true)
    }

    /// Ends a channel. The log retains its events, followed by the end, until its subscribers have left.
    ///
    /// - Returns: how many subscribers it had; nil when it has ended already.
    mutating func end(_ topic: Topic, with frame: Frame) -> Int? {
        log.advance(to: frame.sequence)
        guard !topic.isEnded else { return nil }
        post(frame, topic)
        if topic.subscribers == 0 { evictAll(of: topic) } else { append(frame, nil, to: topic, now: frame.time) }
        registry.end(topic, at: frame.time, number: frame.sequence)
        writeQueue?.change(topic)
        endedChannels.append(topic)
        removeEmptied()
        return topic.subscribers
    }

    /// The topic that has the name of a channel now, for an event that is published to it: an ended channel is opened
    /// again.
    mutating func opened(_ topic: Topic) -> Topic {
        guard topic.isEnded, let name = topic.name else { return topic }
        let latest = registry.channel(name, policy)
        guard latest.isEnded else { return latest }
        if latest.subscribers > 0 || !latest.log.isEmpty {
            endedChannels.remove(latest)
            return registry.replace(latest, policy)
        }
        reopen(latest)
        return latest
    }

    /// Forgets that a channel has ended.
    mutating func reopen(_ topic: Topic) {
        endedChannels.remove(topic)
        registry.reopen(topic)
        writeQueue?.change(topic)
    }

    // MARK: Upkeep

    /// Sweeps the next topics; see ``Hub/sweep(now:)``.
    mutating func sweepTopics(now: UInt64) {
        for topic in registry.nextToSweep() {
            enforceLimits(of: topic, now: now)
            // The nodes of a shared log forget an end at the same entry.
            if shared == nil, case .ended(let time, _) = topic.status, topic.subscribers == 0, topic.log.isEmpty,
                time < now,
                now - time > topic.limits.age
            {
                reopen(topic)
            }
            removeIfIdle(topic)
        }
    }

    /// Removes evicted events from some blocks of the index, when there are many.
    ///
    /// - Returns: whether there are still many.
    func compactIndex() -> Bool {
        for _ in 0..<8 where log.hasWastefulIndex { log.compactIndex() }
        return log.hasWastefulIndex
    }

    /// The most answers with an idempotency key that one hold of the lock forgets.
    private static let expiredAtOnce = 1024

    /// Forgets old idempotency keys, and frees the memory of removed topics.
    ///
    /// - Returns: whether there is more to do.
    mutating func sweepMemories(now: UInt64) -> Bool {
        registry.trim()
        guard shared == nil else { return false }
        let expired = answers.expire(policy, atMost: Self.expiredAtOnce, now: now)
        writeQueue?.expire(expired)
        return expired.count == Self.expiredAtOnce
    }

    /// See ``Hub/apply(_:)``.
    mutating func apply(_ policy: HistoryPolicy) {
        let groups = self.policy.groups
        self.policy = policy
        self.policy.keep(groups)
        policyVersion += 1
    }
}
