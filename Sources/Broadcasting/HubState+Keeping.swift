import DequeModule

extension HubState {
    /// Numbers the next event.
    mutating func nextSequence() -> UInt64 {
        numbered += 1
        return numbered
    }

    /// Says that the log holds everything up to a number.
    mutating func advance(to sequence: UInt64) {
        head = max(head, sequence)
        numbered = max(numbered, sequence)
    }

    /// Adds an event to a channel's log and lets go what the limits no longer allow.
    mutating func append(_ frame: Frame, _ labels: EventLabels?, to id: TopicID, now: UInt64) {
        // What was before an end is dropped at the latest when the channel begins anew.
        if self[id].isEnded {
            evictAll(of: id)
            outbox?.changed.insert(id.index)
        }
        self[id].life = .open
        hold(frame.sequence, time: frame.time, size: frame.count, labels, frame: frame, in: id)
        enforceLimits(of: id, now: now)
        enforceTotal()
        unloadOldest()
    }

    /// Takes an event into the books.
    mutating func hold(
        _ sequence: UInt64, time: UInt64, size: Int, _ labels: EventLabels?, frame: Frame?, in id: TopicID
    ) {
        self[id].log.append(sequence, time: time, size: size, labels, frame: frame)
        heldEvents += 1
        heldBytes += ChannelLog.weight(size, labels)
        let place = LogPlace(topic: id.index, sequence: sequence)
        order.append(place)
        if let given = labels?.id {
            publisherIDs.note(given, at: place)
        }
        if let frame, frame.endsTopic == nil { loadedBytes += size } else if frame == nil { unloadedThrough = sequence }
    }

    mutating func enforceTotal() {
        while heldBytes > policy.total, let oldest = order.popFirst() {
            guard let topic = topic(at: oldest.topic), topic.log.entries.first?.sequence == oldest.sequence else {
                continue
            }
            evictFirst(of: TopicID(index: oldest.topic))
            if topic.isIdle { emptied.append(TopicID(index: oldest.topic)) }
        }
        if order.count > 2 * heldEvents + 1024 { dropStaleOrder() }
    }

    /// Keeps no more bytes in memory than the policy allows, when the archive has them too.
    mutating func unloadOldest() {
        guard outbox != nil, loadedBytes > policy.memory else { return }
        var index = orderIndex(after: unloadedThrough)
        while loadedBytes > policy.memory, index < order.count {
            let place = order[index]
            if let bytes = topic(at: place.topic)?.log.unload(place.sequence) { loadedBytes -= bytes }
            unloadedThrough = place.sequence
            index += 1
        }
    }

    mutating func enforceLimits(of id: TopicID, now: UInt64) {
        let topic = self[id]
        while topic.log.exceeds(topic.limits, now: now) { evictFirst(of: id) }
    }

    mutating func evictAll(of id: TopicID) {
        while !self[id].log.isEmpty { evictFirst(of: id) }
    }

    mutating func evictFirst(of id: TopicID) {
        let (entry, weight, given) = self[id].log.evictFirst()
        heldEvents -= 1
        heldBytes -= weight
        if entry.isEnd { return }
        if let frame = entry.frame { loadedBytes -= frame.count }
        for watcher in watchers(of: id.index) { self[watcher].log.gone.note(entry.sequence) }
        outbox?.evict(entry.sequence, from: id)
        guard let given, publisherIDs.forget(given, at: LogPlace(topic: id.index, sequence: entry.sequence))
        else { return }
        let places = publisherIDs.places(of: given)
        publisherIDs.keep(given, places.filter { self.topic(at: $0.topic)?.log.holds($0.sequence) == true })
    }

    private mutating func dropStaleOrder() {
        order = order.filter { entry in
            guard let first = topic(at: entry.topic)?.log.entries.first else { return false }
            return first.sequence <= entry.sequence
        }
    }

    /// The index in ``order`` of the first event above a position.
    func orderIndex(after sequence: UInt64) -> Int {
        guard let last = order.last, last.sequence > sequence else { return order.count }
        return order.firstIndex(ofRising: { $0.sequence > sequence })
    }

    mutating func apply(_ policy: HistoryPolicy) {
        self.policy = policy
        for case .some(let topic) in topics {
            let rule =
                switch topic.subject {
                case .channel(let name): policy.rule(for: name)
                case .pattern(let pattern): policy.rule(for: pattern)
                }
            topic.limits = rule?.limits ?? policy.standard
            topic.slow = rule?.slow ?? policy.slow
        }
    }

    /// Looks at some channels, each time the next ones, so that all are looked at within half a minute, and lets go what has
    /// become too old.
    mutating func sweep(now: UInt64) {
        for _ in 0..<min(topics.count, max(4096, topics.count / 30)) {
            sweepNext = sweepNext + 1 < topics.count ? sweepNext + 1 : 0
            let id = TopicID(index: sweepNext)
            guard let topic = topics[sweepNext] else { continue }
            enforceLimits(of: id, now: now)
            // An end is remembered for as long as an event would be; then the channel is as if it had never been.
            if case .ended(let time) = topic.life, topic.subscribers == 0, time < now, now - time > topic.limits.age {
                reopen(id)
            }
            forgetIfIdle(id)
        }
        shrink()
        let expired = answers.expire(
            window: policy.idempotencyWindow, limit: policy.idempotencyKeys, now: now)
        outbox?.expired += expired
    }

    /// Gives back the memory of many channels and events that have gone.
    private mutating func shrink() {
        publisherIDs.shrink()
        if order.count > 2 * heldEvents + 1024 || (heldEvents == 0 && !order.isEmpty) { dropStaleOrder() }
        if let last = topics.last, last == nil {
            topics.removeLast(topics.reversed().prefix { $0 == nil }.count)
            free.removeAll { $0 >= topics.count }
        }
        guard channels.capacity > 4 * max(channels.count, 1024) else { return }
        topics = topics.map { $0 }
        free = free.map { $0 }
        order = Deque(order.map { $0 })
        channels = Dictionary(uniqueKeysWithValues: channels.map { ($0.key, $0.value) })
    }

    /// Forgets that a channel has ended.
    private mutating func reopen(_ id: TopicID) {
        self[id].life = .open
        outbox?.changed.insert(id.index)
    }

    // MARK: Ends

    /// Ends a channel. What its subscribers have not got yet stays until they are gone, with the end behind it.
    mutating func end(_ id: TopicID, with frame: Frame, now: UInt64) {
        if self[id].subscribers == 0 { evictAll(of: id) } else { append(frame, nil, to: id, now: now) }
        self[id].life = .ended(at: now)
        outbox?.changed.insert(id.index)
        endings.append(id)
        // Ends are remembered for as long as an event would be, but not more of them than this.
        guard endings.count > Self.rememberedEnds, let oldest = endings.popFirst(),
            let topic = topic(at: oldest.index), topic.isEnded, topic.subscribers == 0
        else { return }
        reopen(oldest)
        forgetIfIdle(oldest)
    }

    private static var rememberedEnds: Int { 10_000 }

    // MARK: Subscribers

    mutating func countSubscriber(_ id: TopicID, on loop: Int) {
        self[id].subscribers += 1
        self[id].loops |= 1 << UInt64(loop)
        subscribers += 1
    }

    mutating func discountSubscriber(_ id: TopicID, lastOn loop: Int?) {
        self[id].subscribers -= 1
        subscribers -= 1
        if self[id].isEnded, self[id].subscribers == 0 { evictAll(of: id) }
        if let loop { self[id].loops &= ~(1 << UInt64(loop)) }
        forgetIfIdle(id)
    }
}
