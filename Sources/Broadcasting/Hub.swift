public import EventStreams

/// The registry of channels and the log of their events: the one thing that all loops share.
///
/// Each method takes the one small lock for a bounded time: never for bytes, never for a descriptor.
public final class Hub: Sendable {
    /// The incarnation of the log.
    public let epoch: Epoch

    private let state: Guarded<HubState>
    private let mailboxes: [Mailbox]

    /// - Parameter mailboxes: one for each loop, 64 at most; a loop is called by its index.
    public init(epoch: Epoch, policy: HistoryPolicy, mailboxes: [Mailbox]) {
        precondition(mailboxes.count <= 64, "the loops of a topic are kept as the bits of one word")
        self.epoch = epoch
        self.mailboxes = mailboxes
        state = Guarded(HubState(epoch: epoch, policy: policy))
    }

    /// Numbers an event, encodes it once, adds it to the log and leaves it for every loop that has subscribers.
    ///
    /// - Parameters:
    ///   - channels: at least one; one that is named twice counts once.
    ///   - now: milliseconds since 1970.
    public func publish(_ event: Event, to channels: [ChannelName], now: UInt64) -> Receipt {
        var rung: UInt64 = 0
        let receipt = state.withLock { state in
            let topics = Self.unique(channels).map { state.topic($0) }
            let sequence = state.nextSequence()
            let id = event.id?.description ?? EventPosition(epoch: epoch, sequence: sequence).description
            let frame = Frame(
                sequence: sequence, time: now, publisherID: event.id, key: event.key,
                wire: EventEncoder.encode(event, id: id))
            var subscribers = 0
            for topic in topics {
                rung |= post(frame, topic, &state[topic])
                subscribers += state[topic].subscribers
                state.append(frame, to: topic, now: now)
            }
            let names = topics.map { state[$0].name }
            let backlogs = topics.compactMap { state[$0].backlog }
            for topic in topics { state.forgetIfIdle(topic) }
            state.forgetEmptied()
            return Receipt(id: id, channels: names, subscribers: subscribers, backlogs: backlogs)
        }
        wake(rung)
        return receipt
    }

    /// Enters a subscriber and says where it begins. From here on its loop gets the events of its topics.
    ///
    /// - Returns: nil when all of the channels have ended.
    public func subscribe(_ request: SubscriptionRequest, on loop: Int, now: UInt64) -> Subscription? {
        state.withLock { state in
            let channels = Self.unique(request.channels).filter { name in
                state.find(name).map { !state[$0].isEnded } ?? true
            }
            guard !channels.isEmpty else { return nil }
            let topics = channels.map { state.topic($0) }
            for topic in topics {
                state.enforceLimits(of: topic, now: now)
                state.countSubscriber(topic, on: loop)
            }
            let ended = request.channels.compactMap { state.find($0) }.filter { state[$0].isEnded }
            let start = request.lastEventID.map { state.resume($0, topics, ended: ended) }
            return Subscription(
                interests: topics.map { Interest(topic: $0, toldThrough: state[$0].log.evictedThrough) },
                cursor: start?.cursor ?? state.head, isBehind: start != nil, gap: start?.gap)
        }
    }

    /// Takes a subscriber out of a topic.
    ///
    /// - Parameter lastOn: its loop, when no other subscriber of the topic is left there.
    public func leave(_ topic: TopicID, lastOn loop: Int?) {
        state.withLock { $0.discountSubscriber(topic, lastOn: loop) }
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

    /// In what a subscriber that cannot be written to is too far behind to stay, and what to say then before closing, when
    /// there will be nothing to come back for; nil while it may stay.
    ///
    /// - Parameter begun: what has been written to it in part; it needs no history for that.
    public func overdue(
        _ interests: [Interest], after cursor: UInt64, begun: Frame? = nil, isSlow: Bool, now: UInt64
    ) -> (lag: Lag, farewell: [UInt8]?)? {
        state.withLock { $0.overdue(interests, after: cursor, begun: begun, isSlow: isSlow, now: now) }
    }

    /// Ends a channel: its subscribers get what they still have to get and then `crier.end`, and its history goes.
    ///
    /// - Returns: how many subscribers it had; nil when there is no such channel.
    public func end(_ name: ChannelName, now: UInt64) -> Int? {
        var rung: UInt64 = 0
        let count: Int? = state.withLock { state in
            guard let id = state.find(name), !state[id].isEnded else { return nil }
            let frame = Frame(
                sequence: state.nextSequence(), time: now, publisherID: nil, endsTopic: id,
                wire: EventEncoder.encode(Notices.end(of: name)))
            rung = post(frame, id, &state[id])
            let count = state[id].subscribers
            state.end(id, with: frame, now: now)
            state.forgetEmptied()
            return count
        }
        wake(rung)
        return count
    }

    /// Lets go of events that have become too old, of some channels at a time. Call it every second or so.
    public func sweep(now: UInt64) {
        state.withLock { $0.sweep(4096, now: now) }
    }

    /// Changes the limits. What they no longer allow goes with the next event of a channel or the next sweep.
    public func apply(_ policy: HistoryPolicy) {
        state.withLock { $0.apply(policy) }
    }

    /// What the hub holds.
    public var summary: HubSummary {
        state.withLock {
            HubSummary(
                channels: $0.indices.count, events: $0.heldEvents, bytes: $0.heldBytes, subscribers: $0.subscribers,
                head: $0.head)
        }
    }

    /// What one channel holds; nil when there is no such channel.
    public func summary(of name: ChannelName) -> ChannelSummary? {
        state.withLock { state in state.find(name).map { state.summary($0) } }
    }

    /// Up to `count` channels, sorted by name, beginning after a name.
    ///
    /// - Returns: the summaries, and the name to ask for more after; nil when this is all.
    public func summaries(after name: String?, count: Int) -> (summaries: [ChannelSummary], next: String?) {
        // Only the names are copied under the lock; sorting many of them there would hold up every publisher.
        let names = state.withLock { Array($0.indices.keys) }
        let page = names.filter { name == nil || $0.description > name! }
            .sorted { $0.description < $1.description }.prefix(count + 1)
        let next = page.count > count ? page[count - 1].description : nil
        return (page.prefix(count).compactMap { summary(of: $0) }, next)
    }

    private func post(_ frame: Frame, _ id: TopicID, _ topic: inout Topic) -> UInt64 {
        let loops = topic.loops
        guard loops != 0 else { return 0 }
        let backlog = topic.backlog ?? Backlog()
        topic.backlog = backlog
        // Connections are spread evenly over the loops, and so, nearly, are the subscribers of a topic.
        let work = frame.count * max(1, topic.subscribers / loops.nonzeroBitCount)
        for (index, mailbox) in mailboxes.enumerated() where loops & (1 << UInt64(index)) != 0 {
            mailbox.post(Letter(frame: frame, topic: id, work: work, backlog: backlog))
        }
        return loops
    }

    private func wake(_ loops: UInt64) {
        for (index, mailbox) in mailboxes.enumerated() where loops & (1 << UInt64(index)) != 0 { mailbox.wake() }
    }

    private static func unique(_ names: [ChannelName]) -> [ChannelName] {
        if names.count == 1 { return names }
        var seen: Set<ChannelName> = []
        return names.filter { seen.insert($0).inserted }
    }
}
