import DequeModule
import EventStreams
import HashTreeCollections

/// The state that the hub's lock guards.
struct HubState {
    var policy: HistoryPolicy
    let registry = TopicRegistry()
    let log: EventLog
    var answers = IdempotencyAnswers()
    private var hasMergedRemoved = false
    /// With an archive: the epoch of the process before; nil for a new log.
    var lastEpoch: Epoch?
    /// Who has come and left, as far as anybody watches.
    var presence = PresenceChanges()
    /// Nanoseconds of the hub's clock when the present thread got the lock.
    var heldSince: UInt64 = 0
    /// Changes that the archive has yet to write; nil without an archive.
    var writeQueue: WriteQueue?
    /// With a log that several nodes share: the changes that it has yet to take.
    var shared: SharedQueue?
    /// The subscribers of other nodes.
    var remote = RemoteSubscribers()
    /// The channels and patterns whose subscribers other nodes do not know yet.
    var unreported: TreeSet<TopicSubject> = []
    /// Items for the mailbox of each loop. The hub posts them before it releases the lock.
    var outgoing: [[MailboxItem]]
    /// Over all topics; a subscriber of two topics counts twice.
    private(set) var subscribers = 0
    /// Channels that lost their last event to ``HistoryPolicy/total``. The operation that evicted it may still use
    /// them.
    var emptied: [Topic] = []
    var endedChannels = EndedChannels()
    /// Topics with evictions that wait because the budget of a hold was used up.
    var unfinished: Deque<Topic> = []
    /// Of this hold of the lock.
    var budget = HoldBudget()
    /// Rises when the policy changes. A topic takes over the new limits when it is used, or swept.
    var policyVersion = 1
    /// How many events of several channels have been published.
    var placements: UInt64 = 0
    /// The longest hold of the lock so far, in nanoseconds.
    var longestHold: UInt64 = 0

    init(epoch: Epoch, policy: HistoryPolicy, loops: Int) {
        self.policy = policy
        log = EventLog(epoch: epoch, registry)
        outgoing = Array(repeating: [], count: loops)
    }

    // MARK: Subscribers

    /// See ``Hub/subscribe(_:on:now:)``.
    mutating func subscribe(_ request: SubscriptionRequest, on loop: Int, now: UInt64) -> SubscribeOutcome {
        if let number = numberAhead(request) { return .ahead(number) }
        let named = request.channels.unique()
        let channels = named.filter { name in registry.find(name).map { !$0.isEnded } ?? true }
        guard !channels.isEmpty || !request.patterns.isEmpty else { return .ended }
        // The daemon's own channels do not count: they must not fail because others have used up the limit.
        let new = channels.count { registry.find($0) == nil && !$0.isReserved }
        guard hasRoom(for: new) else {
            return .tooManyChannels(limit: policy.channels)
        }
        let patterns = request.patterns.unique()
        let newPatterns = patterns.count { registry.find($0) == nil }
        guard newPatterns == 0 || registry.patternCount + newPatterns <= policy.patterns else {
            return .tooManyPatterns(limit: policy.patterns)
        }
        if policy.subscribers > 0 {
            let named = channels.filter { !$0.isReserved }
            let present = named.compactMap { registry.find($0) } + patterns.compactMap { registry.find($0) }
            guard present.allSatisfy({ $0.subscribers < policy.subscribers }) else {
                return .tooManySubscribers(limit: policy.subscribers)
            }
        }
        let topics =
            channels.map { registry.channel($0, policy) }
            + patterns.map { registry.pattern($0, policy) }
        for topic in topics {
            enforceLimits(of: topic, now: now)
            topic.subscribers += 1
            topic.loops |= 1 << UInt64(loop)
            subscribers += 1
            presence.note(topic.subject, 1, isCounted: request.position == nil, remote)
            noteSubscribers(of: topic)
        }
        let ended = named.compactMap { registry.find($0) }.filter(\.isEnded)
        var request = request
        if let position = request.position, position.sequence == 0, position.epoch == lastEpoch {
            // Of a process that has published nothing: a log does not remember its epoch.
            request.position = log.epochs.position(of: 0)
        }
        return .subscribed(ResumePoint(log: log).subscription(request, topics, ended: ended))
    }

    /// See ``Hub/attach(_:on:)``.
    mutating func attach(_ id: TopicID, on loop: Int) {
        registry[id].subscribers += 1
        registry[id].loops |= 1 << UInt64(loop)
        subscribers += 1
        presence.note(registry[id].subject, 1, isCounted: false, remote)
        noteSubscribers(of: registry[id])
    }

    /// See ``Hub/unsubscribe(_:lastOn:reason:)``.
    mutating func unsubscribe(_ id: TopicID, lastOn loop: Int?, reason: String?) {
        let topic = registry[id]
        topic.subscribers -= 1
        subscribers -= 1
        presence.note(topic.subject, -1, reason: reason, remote)
        noteSubscribers(of: topic)
        if topic.isEnded, topic.subscribers == 0 { evictAll(of: topic) }
        if let loop { topic.loops &= ~(1 << UInt64(loop)) }
        removeIfIdle(topic)
    }

    /// Whether events need not stay in memory, because they can be read again from elsewhere.
    var canUnload: Bool { writeQueue != nil || shared != nil }

    /// Makes a check of one subscriber.
    func lagCheck(after position: UInt64, partial: Frame? = nil, isSlow: Bool, now: UInt64) -> LagCheck {
        LagCheck(registry: registry, position: position, partial: partial, isSlow: isSlow, now: now)
    }

    // MARK: Starting

    /// See ``Hub/restore(_:)``.
    mutating func restore(_ stored: StoredState) {
        writeQueue = WriteQueue()
        lastEpoch = stored.lastEpoch
        log.epochs = stored.epochs
        log.advance(to: stored.head)
        log.uncertainThrough = stored.uncertainThrough
        for (slot, through) in stored.removedSlots { registry.restoreRemoved(slot: slot, through: through) }
        for channel in stored.channels {
            let topic = registry.channel(channel.name, policy)
            // Exact, unlike the slot of removed channels that the name shares with others; see mergeRemoved().
            topic.log.evictions = Evictions(unknownThrough: channel.evictedThrough)
            if let time = channel.endedAt {
                registry.end(topic, at: time, number: channel.evictedThrough)
            }
        }
        let ended = stored.channels.filter { $0.endedAt != nil }.sorted { $0.evictedThrough < $1.evictedThrough }
        for topic in ended.compactMap({ registry.find($0.name) }) { endedChannels.append(topic) }
        for answer in stored.answers { answers.record(answer) }
    }

    /// See ``Hub/restore(_:_:)``.
    mutating func restore(_ event: StoredEvent, _ frame: Frame?) {
        var count = 0
        for name in event.channels {
            let topic = registry.channel(name, policy)
            guard event.sequence > topic.log.evictions.through, !topic.isEnded else { continue }
            log.append(event.sequence, time: event.time, size: event.size, event.labels, frame: frame, to: topic)
            count += 1
        }
        log.advance(to: event.sequence)
        if count == 0 { writeQueue?.evict(event.sequence) }
        writeQueue?.share(event.sequence, by: count)
    }

    /// Takes into account that removed channels may have had the names of the restored ones: but no event that such a channel
    /// retains is gone.
    mutating func mergeRemoved() {
        guard !hasMergedRemoved else { return }
        hasMergedRemoved = true
        for topic in registry.all {
            guard let name = topic.name else { continue }
            let first = topic.log.entries.first?.sequence ?? .max
            topic.log.evictions.merge(unknownThrough: min(registry.removed[name], first - 1))
        }
    }

    /// See ``Hub/finishRestoring(now:)``.
    mutating func finishRestoring(now: UInt64) {
        if writeQueue != nil { mergeRemoved() }
        for topic in registry.all {
            enforceLimits(of: topic, now: now)
            removeIfIdle(topic)
        }
        continueUnfinished(now: now)
    }
}

extension Array {
    /// Whether it is the same list in memory.
    func isIdentical(to other: [Element]) -> Bool {
        unsafe withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer { unsafe $0.baseAddress == mine.baseAddress }
        }
    }
}

extension Array where Element: Hashable {
    /// Each element once, in the order of first occurrence.
    func unique() -> [Element] {
        if count <= 1 { return self }
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
