import EventStreams

/// The registry of channels and the log of their events: the one thing that all loops share.
///
/// Each method takes the one small lock for a bounded time: never for bytes, never for a descriptor, never for a disk.
public final class Hub: Sendable {
    /// The incarnation of the log.
    public let epoch: Epoch

    private let state: Guarded<HubState>
    private let mailboxes: [Mailbox]
    private let archive: (any Archive)?

    /// - Parameters:
    ///   - mailboxes: one for each loop, 64 at most; a loop is called by its index.
    ///   - archive: keeps the events beyond the life of the process; ``restore(_:)`` comes before everything else then.
    public init(epoch: Epoch, policy: HistoryPolicy, mailboxes: [Mailbox], archive: (any Archive)? = nil) {
        precondition(mailboxes.count <= 64, "the loops of a topic are kept as the bits of one word")
        self.epoch = epoch
        self.mailboxes = mailboxes
        self.archive = archive
        state = Guarded(HubState(epoch: epoch, policy: policy, loops: mailboxes.count))
    }

    // MARK: Publishing

    /// Numbers events, encodes each once, adds them to the log and leaves them for every loop that has subscribers: all of
    /// them, or none. With an archive, that happens when it has them.
    ///
    /// - Parameters:
    ///   - publications: at least one; few enough that the lock is held for a short time.
    ///   - once: makes sure that nothing is published twice.
    ///   - reply: who is told when the archive has them.
    ///   - now: milliseconds since 1970.
    public func publish(
        _ publications: [Publication], once: Idempotency? = nil, reply: Reply, now: UInt64
    ) -> PublishOutcome {
        change { $0.publish(publications, once: once, reply: reply, now: now) }
    }

    /// Ends a channel: its subscribers get what they still have to get and then `crier.end`, and its history goes.
    ///
    /// - Returns: what became of it, with an archive `.pending`; nil when there is no such channel.
    public func end(_ name: ChannelName, reply: Reply, now: UInt64) -> EndOutcome? {
        change { state in
            guard let id = state.find(name), !state[id].isEnded else { return nil }
            let frame = Frame(
                sequence: state.nextSequence(), time: now, endsTopic: id,
                wire: EventEncoder.encode(Notices.end(of: name)))
            guard state.outbox != nil else { return .ended(subscribers: state.end(id, with: frame)) }
            state[id].expected += 1
            state.outbox?.parcels.append(.end(id, frame, reply))
            return .pending
        }
    }

    // MARK: Subscribing

    /// Enters a subscriber and says where it begins. From here on its loop gets the events of its topics.
    public func subscribe(_ request: SubscriptionRequest, on loop: Int, now: UInt64) -> SubscribeOutcome {
        state.withLock { state in
            let channels = unique(request.channels).filter { name in
                state.find(name).map { !state[$0].isEnded } ?? true
            }
            guard !channels.isEmpty || !request.patterns.isEmpty else { return .ended }
            let new = channels.count { state.find($0) == nil }
            guard new == 0 || state.channels.count + new <= state.policy.channels else {
                return .tooManyChannels(limit: state.policy.channels)
            }
            let topics = channels.map { state.topic($0) } + unique(request.patterns).map { state.topic($0) }
            for topic in topics {
                state.enforceLimits(of: topic, now: now)
                state.countSubscriber(topic, on: loop)
            }
            let ended = request.channels.compactMap { state.find($0) }.filter { state[$0].isEnded }
            return .begun(state.begin(request, topics, ended: ended))
        }
    }

    /// Takes a subscriber out of a topic.
    ///
    /// - Parameter lastOn: its loop, when no other subscriber of the topic is left there.
    public func leave(_ topic: TopicID, lastOn loop: Int?) {
        change { $0.discountSubscriber(topic, lastOn: loop) }
    }

    /// Takes the next events after a cursor, in the order of the log, each once.
    ///
    /// - Parameters:
    ///   - isSlow: whether the subscriber did not take what it was sent; it may then be cut off by ``SlowPolicy``.
    ///   - budget: bytes after which no further event is taken; at least one event is.
    ///   - frames: gets the events appended.
    public func read(
        _ interests: [Interest], after cursor: UInt64, isSlow: Bool = false, now: UInt64, budget: Int,
        into frames: inout [Frame]
    ) -> Slice {
        state.withLock {
            $0.read(interests, after: cursor, isSlow: isSlow, now: now, budget: budget, into: &frames)
        }
    }

    /// Asks the archive for events that ``read(_:after:isSlow:now:budget:into:)`` found absent.
    public func fetch(_ absent: [UInt64], reply: Reply) {
        archive?.fetch(absent, for: reply.token, into: mailboxes[reply.loop])
    }

    /// Says that an event which ought to be in the archive cannot be read: it is gone, and whoever missed it is told.
    ///
    /// - Returns: false when it is not held any more anyway.
    public func lose(_ sequence: UInt64) -> Bool {
        change { $0.lose(sequence) }
    }

    /// In what a subscriber that cannot be written to is too far behind to stay, and what to say then before closing, when
    /// there will be nothing to come back for; nil while it may stay.
    ///
    /// - Parameter begun: what has been written to it in part; it needs no history for that.
    public func overdue(
        _ interests: [Interest], after cursor: UInt64, begun: Frame? = nil, isSlow: Bool, now: UInt64
    ) -> (lag: Lag, farewell: [UInt8]?)? {
        state.withLock { $0.overdue(interests, after: cursor, begun: begun, isSlow: isSlow, now: now) }
    }

    // MARK: Keeping

    /// Lets go of events that have become too old, of some channels at a time. Call it every second or so.
    public func sweep(now: UInt64) {
        change { $0.sweep(now: now) }
    }

    /// Changes the limits. What they no longer allow goes with the next event of a channel or the next sweep.
    public func apply(_ policy: HistoryPolicy) {
        state.withLock { $0.apply(policy) }
    }

    /// Takes over what an archive kept. Events follow, and then ``finishRestoring(now:)``.
    public func restore(_ stored: StoredState) {
        state.withLock { $0.restore(stored) }
    }

    /// Takes over an event that an archive kept; they come in the order of the log.
    ///
    /// - Parameter frame: the event itself, when it is to be in memory; after the first of them all are.
    public func restore(_ event: StoredEvent, _ frame: Frame?) {
        state.withLock { $0.restore(event, frame) }
    }

    /// Says that not all is known of what was held: whoever names a position from before now is told of a gap.
    ///
    /// - Returns: the highest number that was given.
    public func doubt() -> UInt64 {
        state.withLock { $0.doubt() }
    }

    /// Lets go of what the limits of today do not allow.
    public func finishRestoring(now: UInt64) {
        change { $0.finishRestoring(now: now) }
    }

    /// Takes what is to be written to the archive; nil when there is nothing, after which the archive is woken.
    public func takeBatch() -> ArchiveBatch? {
        state.withLock { $0.takeBatch() }
    }

    /// Says that the archive has a batch.
    public func commit(_ batch: ArchiveBatch, now: UInt64) {
        let completions = change { $0.commit(batch, now: now) }
        for (loop, completion) in completions { mailboxes[loop].complete(completion) }
    }

    /// Says that the archive does not take a batch, and why.
    public func refuse(_ batch: ArchiveBatch, _ reason: String) {
        let completions = state.withLock { $0.refuse(batch, reason) }
        for (loop, completion) in completions { mailboxes[loop].complete(completion) }
    }

    // MARK: Telling

    /// What the hub holds.
    public var summary: HubSummary {
        state.withLock {
            HubSummary(
                channels: $0.channels.count, events: $0.heldEvents, bytes: $0.heldBytes, subscribers: $0.subscribers,
                head: $0.head)
        }
    }

    /// What one channel holds; nil when there is no such channel.
    public func summary(of name: ChannelName) -> ChannelSummary? {
        state.withLock { state in state.find(name).map { state.summary($0, name) } }
    }

    /// Up to `count` channels, sorted by name, beginning after a name.
    ///
    /// - Returns: the summaries, and the name to ask for more after; nil when this is all.
    public func summaries(after name: String?, count: Int) -> (summaries: [ChannelSummary], next: String?) {
        // Only the names are copied under the lock; sorting many of them there would hold up every publisher.
        let names = state.withLock { Array($0.channels.keys) }
        let page = names.filter { name == nil || $0.description > name! }
            .sorted { $0.description < $1.description }.prefix(count + 1)
        let next = page.count > count ? page[count - 1].description : nil
        return (page.prefix(count).compactMap { summary(of: $0) }, next)
    }

    /// Does something under the lock, and tells whom it concerns afterwards.
    private func change<Result: Sendable>(_ body: (inout HubState) -> Result) -> Result {
        let (result, loops, hasNews) = state.withLock { state in
            let result = body(&state)
            var loops: UInt64 = 0
            // Still under the lock: letters lie in the mailboxes in the order of the log.
            for loop in state.outgoing.indices where !state.outgoing[loop].isEmpty {
                mailboxes[loop].post(state.outgoing[loop])
                state.outgoing[loop].removeAll(keepingCapacity: state.outgoing[loop].capacity <= 4096)
                loops |= 1 << UInt64(loop)
            }
            let hasNews = state.outbox.map { !$0.isEmpty && !$0.hasRung } ?? false
            if hasNews { state.outbox?.hasRung = true }
            return (result, loops, hasNews)
        }
        if loops != 0 {
            for loop in mailboxes.indices where loops & (1 << UInt64(loop)) != 0 { mailboxes[loop].wake() }
        }
        if hasNews { archive?.wake() }
        return result
    }
}

/// What became of ending a channel.
public enum EndOutcome: Sendable {
    /// It has ended; so many subscribers it had.
    case ended(subscribers: Int)
    /// It is being written to the archive; the loop gets a ``Completion``.
    case pending
}

private func unique<Name: Hashable>(_ names: [Name]) -> [Name] {
    if names.count <= 1 { return names }
    var seen: Set<Name> = []
    return names.filter { seen.insert($0).inserted }
}
