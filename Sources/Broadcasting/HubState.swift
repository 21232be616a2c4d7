import DequeModule
import EventStreams

/// All that the hub's lock guards.
struct HubState {
    let epoch: Epoch
    var policy: HistoryPolicy
    private(set) var head: UInt64 = 0
    private(set) var heldEvents = 0
    private(set) var heldBytes = 0
    private(set) var subscribers = 0
    private(set) var topics: [Topic?] = []
    private(set) var indices: [ChannelName: Int] = [:]

    private var free: [Int] = []
    /// Every held event, oldest first, for ``HistoryPolicy/total``. Events that a channel's own limits have let go
    /// are still in here until they come up, or until they are too many.
    private var order: Deque<(topic: Int, sequence: UInt64)> = []
    private var forgotten = ForgottenChannels()
    /// Channels that have lost their last event and may be in use by whoever caused it.
    private var emptied: [TopicID] = []
    /// Channels that have ended, in the order of their ends.
    private var endings: Deque<TopicID> = []
    private var sweepNext = 0

    init(epoch: Epoch, policy: HistoryPolicy) {
        self.epoch = epoch
        self.policy = policy
    }

    subscript(topic: TopicID) -> Topic {
        get {
            guard let topic = topics[topic.index] else { preconditionFailure("a topic with subscribers is kept") }
            return topic
        }
        _modify { yield &topics[topic.index]! }
    }

    func find(_ name: ChannelName) -> TopicID? { indices[name].map(TopicID.init) }

    /// The topic of a channel, which is made if it is not there.
    mutating func topic(_ name: ChannelName) -> TopicID {
        if let known = find(name) { return known }
        let topic = Topic(
            name: name, limits: policy.limits(of: name), slow: policy.slow(of: name),
            log: ChannelLog(forgottenThrough: forgotten[name]))
        let index: Int
        if let reused = free.popLast() {
            index = reused
            topics[index] = topic
        } else {
            index = topics.count
            topics.append(topic)
        }
        indices[name] = index
        return TopicID(index: index)
    }

    /// Forgets a channel that holds nothing and has no subscriber: it then costs nothing.
    mutating func forgetIfIdle(_ id: TopicID) {
        guard let topic = topics[id.index], topic.isIdle else { return }
        forgotten[topic.name] = topic.log.evictedThrough
        indices[topic.name] = nil
        topics[id.index] = nil
        free.append(id.index)
    }

    /// Forgets the channels that were emptied since the last call. No topic may be in use any more.
    mutating func forgetEmptied() {
        for id in emptied { forgetIfIdle(id) }
        emptied.removeAll(keepingCapacity: true)
    }

    /// Numbers the next event.
    mutating func nextSequence() -> UInt64 {
        head += 1
        return head
    }

    /// Adds an event to a channel's log and lets go what the limits no longer allow.
    mutating func append(_ frame: Frame, to id: TopicID, now: UInt64) {
        // What was before an end is dropped at the latest when the channel begins anew.
        if self[id].isEnded { evictAll(of: id) }
        self[id].log.append(frame)
        self[id].life = .open
        heldEvents += 1
        heldBytes += frame.weight
        order.append((id.index, frame.sequence))
        enforceLimits(of: id, now: now)
        while heldBytes > policy.total, let oldest = order.popFirst() {
            let topic = TopicID(index: oldest.topic)
            guard topics[oldest.topic]?.log.frames.first?.sequence == oldest.sequence else { continue }
            evictFirst(of: topic)
            if topics[oldest.topic]?.isIdle == true { emptied.append(topic) }
        }
        if order.count > 2 * heldEvents + 1024 { dropStaleOrder() }
    }

    mutating func enforceLimits(of id: TopicID, now: UInt64) {
        while let topic = topics[id.index], topic.log.exceeds(topic.limits, now: now) { evictFirst(of: id) }
    }

    mutating func evictAll(of id: TopicID) {
        while topics[id.index]?.log.isEmpty == false { evictFirst(of: id) }
    }

    private mutating func evictFirst(of id: TopicID) {
        let frame = self[id].log.evictFirst()
        heldEvents -= 1
        heldBytes -= frame.weight
    }

    private mutating func dropStaleOrder() {
        order = order.filter { entry in
            guard let first = topics[entry.topic]?.log.frames.first else { return false }
            return first.sequence <= entry.sequence
        }
    }

    mutating func apply(_ policy: HistoryPolicy) {
        self.policy = policy
        for (name, index) in indices {
            topics[index]?.limits = policy.limits(of: name)
            topics[index]?.slow = policy.slow(of: name)
        }
    }

    /// Looks at up to `count` channels, each time the next ones, and lets go what has become too old.
    mutating func sweep(_ count: Int, now: UInt64) {
        for _ in 0..<min(count, topics.count) {
            sweepNext = sweepNext + 1 < topics.count ? sweepNext + 1 : 0
            let id = TopicID(index: sweepNext)
            guard let topic = topics[sweepNext] else { continue }
            enforceLimits(of: id, now: now)
            // An end is remembered for as long as an event would be; then the channel is as if it had never been.
            if case .ended(let time) = topic.life, topic.subscribers == 0, time < now, now - time > topic.limits.age {
                self[id].life = .open
            }
            forgetIfIdle(id)
        }
    }

    /// Ends a channel. What its subscribers have not got yet stays until they are gone, with the end behind it.
    mutating func end(_ id: TopicID, with frame: Frame, now: UInt64) {
        if self[id].subscribers == 0 { evictAll(of: id) } else { append(frame, to: id, now: now) }
        self[id].life = .ended(at: now)
        endings.append(id)
        // Ends are remembered for as long as an event would be, but not more of them than this.
        guard endings.count > Self.rememberedEnds, let oldest = endings.popFirst(),
            let topic = topics[oldest.index], topic.isEnded, topic.subscribers == 0
        else { return }
        self[oldest].life = .open
        forgetIfIdle(oldest)
    }

    private static var rememberedEnds: Int { 10_000 }

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
