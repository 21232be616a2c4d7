import DequeModule
import EventStreams

/// All that the hub's lock guards.
struct HubState {
    let epoch: Epoch
    var policy: HistoryPolicy
    /// The number of the newest event that the log holds, or held.
    private(set) var head: UInt64 = 0
    /// The highest number that has been given; events on their way into the archive are above ``head``.
    private(set) var numbered: UInt64 = 0
    /// Who names a position up to here may have missed what was lost with the power.
    private(set) var brokenThrough: UInt64 = 0
    private(set) var heldEvents = 0
    private(set) var heldBytes = 0
    private(set) var subscribers = 0
    private(set) var topics: [Topic?] = []
    private(set) var channels: [ChannelName: Int] = [:]
    private(set) var patterns: [ChannelPattern: Int] = [:]
    var answers = Answers()

    /// What the archive has still to be told; nil without one.
    var outbox: Outbox?
    /// Letters on their way to each loop, while the lock is held.
    var outgoing: [[Letter]]

    private var channelTree = SegmentTree()
    private var patternTree = SegmentTree()
    private var patternsAge = 1
    private var free: [Int] = []
    /// Every held event, oldest first, for ``HistoryPolicy/total`` and for those who read by patterns. Events that a
    /// channel's own limits have let go are still in here until they come up, or until they are too many.
    private(set) var order: Deque<(topic: Int, sequence: UInt64)> = []
    /// Bytes of events that the archive has and memory too.
    private var loadedBytes = 0
    /// Up to here, bytes are in the archive only.
    private var unloadedThrough: UInt64 = 0
    private var forgotten = ForgottenChannels()
    /// Channels that have lost their last event and may be in use by whoever caused it.
    private var emptied: [TopicID] = []
    /// Channels that have ended, in the order of their ends.
    private var endings: Deque<TopicID> = []
    private var sweepNext = 0

    init(epoch: Epoch, policy: HistoryPolicy, loops: Int) {
        self.epoch = epoch
        self.policy = policy
        outgoing = Array(repeating: [], count: loops)
    }

    subscript(topic: TopicID) -> Topic {
        guard let topic = topics[topic.index] else { preconditionFailure("a topic in use is kept") }
        return topic
    }

    /// What has a number, which may have been given up.
    func topic(at index: Int) -> Topic? { topics.indices.contains(index) ? topics[index] : nil }

    // MARK: Topics

    func find(_ name: ChannelName) -> TopicID? { channels[name].map(TopicID.init) }

    /// The topic of a channel, which is made if it is not there.
    mutating func topic(_ name: ChannelName) -> TopicID {
        if let known = find(name) { return known }
        let rule = policy.rule(for: name)
        let topic = add(
            Topic(
                .channel(name), limits: rule?.limits ?? policy.standard, slow: rule?.slow ?? policy.slow,
                forgottenThrough: forgotten[name]))
        channels[name] = topic.index
        channelTree.insert(topic, at: name.description)
        return topic
    }

    /// The topic of a pattern, which is made if it is not there.
    mutating func topic(_ pattern: ChannelPattern) -> TopicID {
        if let known = patterns[pattern] { return TopicID(index: known) }
        let rule = policy.rule(for: pattern)
        let topic = add(
            Topic(
                .pattern(pattern), limits: rule?.limits ?? policy.standard, slow: rule?.slow ?? policy.slow,
                forgottenThrough: 0))
        patterns[pattern] = topic.index
        patternTree.insert(topic, at: pattern.description)
        patternsAge += 1
        return topic
    }

    private mutating func add(_ topic: Topic) -> TopicID {
        if let reused = free.popLast() {
            topics[reused] = topic
            return TopicID(index: reused)
        }
        topics.append(topic)
        return TopicID(index: topics.count - 1)
    }

    /// Forgets a channel that holds nothing and has no subscriber: it then costs nothing.
    mutating func forgetIfIdle(_ id: TopicID) {
        guard let topic = topic(at: id.index), topic.isIdle else { return }
        switch topic.subject {
        case .channel(let name):
            if topic.log.gone.through > 0 {
                for place in forgotten.note(name, through: topic.log.gone.through) {
                    outbox?.places[place] = forgotten.through(place: place)
                }
            }
            outbox?.forgotten.append(name)
            outbox?.changed.remove(id.index)
            channels[name] = nil
            channelTree.remove(name.description)
        case .pattern(let pattern):
            patterns[pattern] = nil
            patternTree.remove(pattern.description)
            patternsAge += 1
        }
        topics[id.index] = nil
        free.append(id.index)
    }

    /// Forgets the channels that were emptied since the last call. No topic may be in use any more.
    mutating func forgetEmptied() {
        for id in emptied { forgetIfIdle(id) }
        emptied.removeAll(keepingCapacity: true)
    }

    /// The patterns that somebody subscribes to and that match a channel.
    func watchers(of index: Int) -> [TopicID] {
        guard patternTree.count > 0, let topic = topic(at: index), let name = topic.name else { return [] }
        if topic.watchersAge == patternsAge { return topic.watchers }
        topic.watchers = patternTree.patterns(matching: name)
        topic.watchersAge = patternsAge
        return topic.watchers
    }

    /// The channels that a pattern matches.
    func channels(matching pattern: ChannelPattern) -> [TopicID] { channelTree.names(matching: pattern) }

    /// Gathers what is gone of the channels that a pattern matches, so that who comes back to it can be told.
    func survey(_ id: TopicID) {
        guard !self[id].isSurveyed, case .pattern(let pattern) = self[id].subject else { return }
        var gone = Evictions(unknownThrough: forgotten[pattern])
        for channel in channels(matching: pattern) { gone.merge(self[channel].log.gone) }
        gone.count(from: self[id].log.gone)
        self[id].log.gone = gone
        self[id].isSurveyed = true
    }

    // MARK: Events

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
        order.append((id.index, sequence))
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
            let (topic, sequence) = order[index]
            if let bytes = self.topic(at: topic)?.log.unload(sequence) { loadedBytes -= bytes }
            unloadedThrough = sequence
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
        let (entry, weight) = self[id].log.evictFirst()
        heldEvents -= 1
        heldBytes -= weight
        if entry.isEnd { return }
        if let frame = entry.frame { loadedBytes -= frame.count }
        for watcher in watchers(of: id.index) { self[watcher].log.gone.note(entry.sequence) }
        outbox?.evict(entry.sequence, from: id)
    }

    private mutating func dropStaleOrder() {
        order = order.filter { entry in
            guard let first = topic(at: entry.topic)?.log.entries.first else { return false }
            return first.sequence <= entry.sequence
        }
    }

    /// The index in ``order`` of the first event above a position: a binary search.
    func orderIndex(after sequence: UInt64) -> Int {
        guard let last = order.last, last.sequence > sequence else { return order.count }
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Policy

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

    // MARK: The archive

    /// Takes over what an archive kept.
    mutating func restore(_ stored: StoredState) {
        outbox = Outbox()
        advance(to: stored.head)
        brokenThrough = stored.brokenThrough
        for (place, through) in stored.places { forgotten.note(place: place, through: through) }
        for channel in stored.channels {
            let id = topic(channel.name)
            self[id].log.gone.merge(Evictions(unknownThrough: channel.evictedThrough))
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
}
