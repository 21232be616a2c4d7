import DequeModule
import EventStreams
public import Metrics
import Synchronization

/// The channels and the log of their events, which all loops share.
///
/// One lock guards both. No method waits for a socket or a disk while it holds the lock.
public final class Hub: Sendable {
    /// Names this life of the log.
    public let epoch: Epoch

    let state: Guarded<HubState>
    let mailboxes: [Mailbox]
    private let archive: (any Archive)?
    private let clock: @Sendable () -> UInt64
    /// How long the archive took for each batch. Only its thread writes it.
    private let commits = Histogram()
    private let batchStart = Atomic<UInt64>(0)
    /// Written under the lock.
    private let hasUnfinished = Atomic(false)
    /// Whether the thread of the archive evicts what waits.
    private let archiveEvicts = Atomic(false)
    /// Whether the history exceeds the limits for all channels. Written under the lock.
    private let exceedsTotal = Atomic(false)

    /// - Parameters:
    ///   - mailboxes: one for each loop, 64 at most. Other methods name a loop by its index here.
    ///   - archive: stores the events. With an archive, call ``restore(_:)`` before every other method.
    ///   - clock: nanoseconds of a clock that never goes back, to measure how long the lock is held.
    public init(
        epoch: Epoch, policy: HistoryPolicy, mailboxes: [Mailbox], archive: (any Archive)? = nil,
        clock: @escaping @Sendable () -> UInt64 = { 0 }
    ) {
        precondition(mailboxes.count <= 64, "a topic keeps its loops as the bits of one word")
        self.epoch = epoch
        self.mailboxes = mailboxes
        self.archive = archive
        self.clock = clock
        state = Guarded(HubState(epoch: epoch, policy: policy, loops: mailboxes.count))
    }

    // MARK: Publishing

    /// Numbers events, encodes each once, adds them to the log and posts them to every loop that has subscribers: all
    /// of them, or none. With an archive this happens once the archive has written them.
    ///
    /// - Parameters:
    ///   - publications: at least one; few, because the hub holds the lock for all of them.
    ///   - idempotency: makes repeated sends one publish.
    ///   - reply: receives the completion when the archive has written them.
    ///   - now: milliseconds since 1970.
    public func publish(
        _ publications: ArraySlice<Publication>, idempotency: Idempotency? = nil, reply: ReplyAddress, now: UInt64
    ) -> PublishOutcome {
        // Encoding takes time that grows with the data, so it happens before the hub takes the lock.
        var events: [EncodedEvent] = []
        events.reserveCapacity(publications.count)
        for index in publications.indices { events.append(EncodedEvent(publications[index], epoch: epoch)) }
        let outcome = change { $0.publish(events, idempotency, reply: reply, now: now) }
        // The publisher waits for the room that its events need, or the history could exceed its limit ever further. With an
        // archive they are not in the log yet.
        while archive == nil, exceedsTotal.load(ordering: .relaxed) { evictMore(now: now) }
        return outcome
    }

    /// How many events, each counted once for each of its channels, one publish of a body that continues should have at
    /// most: the loop does nothing else meanwhile. With an archive each publish waits for a write.
    public var publishLimit: Int { archive == nil ? 128 : Self.stepsAtOnce }

    /// Ends a channel: its subscribers receive the remaining events and then `crier.end`. The log evicts the history
    /// once they have left, or someone publishes to the channel again.
    ///
    /// - Returns: nil when the channel does not exist or has ended already; `.pending` with an archive.
    public func end(_ name: ChannelName, reply: ReplyAddress, now: UInt64) -> EndOutcome? {
        change { $0.end(name, reply: reply, now: now) }
    }

    // MARK: Subscribing

    /// Adds a subscriber and returns its start. From here on its loop receives the events of its topics.
    public func subscribe(_ request: SubscriptionRequest, on loop: Int, now: UInt64) -> SubscribeOutcome {
        change { $0.subscribe(request, on: loop, now: now) }
    }

    /// Removes a subscriber from a topic.
    ///
    /// - Parameters:
    ///   - lastOn: its loop, when the loop has no other subscriber of the topic.
    ///   - reason: for those who watch.
    public func unsubscribe(_ topic: TopicID, lastOn loop: Int?, reason: String? = nil) {
        change { $0.unsubscribe(topic, lastOn: loop, reason: reason) }
    }

    /// Reads the next events after a position, in the order of the log, each once.
    ///
    /// - Parameters:
    ///   - isSlow: whether the subscriber was live and its socket did not take all that it was sent; ``SlowPolicy``
    ///     then applies to it.
    ///   - budget: bytes, 1 or more. The slice ends with the event that exhausts it, so it may be larger by one event.
    ///   - frames: gets the events appended.
    public func read(
        _ cursors: [TopicCursor], after position: UInt64, isSlow: Bool = false, now: UInt64, budget: Int,
        into frames: inout [Frame]
    ) -> LogSlice {
        locked { state in
            let check = state.lagCheck(after: position, isSlow: isSlow, now: now)
            return LogReader(log: state.log, check: check).read(cursors, budget: budget, into: &frames)
        }
    }

    /// Asks the archive for events that ``read(_:after:isSlow:now:budget:into:)`` found absent from memory.
    public func fetch(_ absent: [UInt64], reply: ReplyAddress) {
        archive?.fetch(absent, for: reply.token, into: mailboxes[reply.loop])
    }

    /// Evicts an event that the archive cannot read, and the older events of its channels. Subscribers that miss them
    /// get a gap.
    ///
    /// - Returns: false when the log has evicted the event in the meantime.
    public func evictUnreadable(_ sequence: UInt64) -> Bool {
        // Each hold of the lock evicts some of the older events.
        var wasRetained = false
        while change({ $0.evictUnreadable(sequence) }) { wasRetained = true }
        return wasRetained
    }

    /// The limit for which crier must disconnect a subscriber whose socket takes nothing, and the control events to
    /// send before that, when the client will have no channel to reconnect to; nil while it may stay.
    ///
    /// - Parameter partial: the event that was written to it in part; it needs no history for that.
    public func cut(
        _ cursors: [TopicCursor], after position: UInt64, partial: Frame? = nil, isSlow: Bool, now: UInt64
    ) -> (lag: LagLimit, closingNotices: [UInt8]?)? {
        locked { state in
            let check = state.lagCheck(after: position, partial: partial, isSlow: isSlow, now: now)
            guard let lag = check.cut(cursors) else { return nil }
            return (lag, ClosingNotices(log: state.log, check: check).bytes(cursors))
        }
    }

    // MARK: Retention

    /// Evicts events that have become too old, in some channels each time, and forgets old ends and idempotency keys.
    /// Call it about once a second: about thirty calls cover all channels.
    public func sweep(now: UInt64) {
        var sweep: Sweep? = startSweep()
        while let left = sweep { sweep = step(left, now: now) }
    }

    /// Begins a ``sweep(now:)`` in steps, between which the caller can do other work.
    public func startSweep() -> Sweep { .channels(steps: locked { $0.registry.sweepsPerSecond }) }

    /// Takes the next step of a sweep.
    ///
    /// - Returns: what is left to do; nil at the end.
    public func step(_ sweep: Sweep, now: UInt64) -> Sweep? {
        switch sweep {
        case .channels(let steps):
            change { $0.sweepTopics(now: now) }
            return steps > 1 ? .channels(steps: steps - 1) : .index
        case .index: return locked { $0.compactIndex() } ? .index : .memories
        case .memories: return change { $0.sweepMemories(now: now) } ? .memories : nil
        }
    }

    /// Changes the limits. The next event of a channel, or a later sweep, evicts the events that exceed them.
    public func apply(_ policy: HistoryPolicy) {
        locked { $0.apply(policy) }
    }

    // MARK: Archiving

    /// Restores the state that an archive stored. Restore its events next, and then call ``finishRestoring(now:)``.
    public func restore(_ stored: StoredState) {
        state.withLock { $0.restore(stored) }
    }

    /// Restores an event that an archive stored. Call this in the order of the log.
    ///
    /// - Parameter frame: the bytes; nil leaves them in the archive. No event without bytes may follow one with bytes.
    public func restore(_ event: StoredEvent, _ frame: Frame?) {
        state.withLock { $0.restore(event, frame) }
    }

    /// Marks the history as incomplete: a client that resumes from before now gets a gap.
    ///
    /// - Returns: the highest number that the log has given to an event.
    public func markHistoryIncomplete() -> UInt64 {
        state.withLock { state in
            state.log.uncertainThrough = state.log.numbered
            return state.log.numbered
        }
    }

    /// Evicts the restored events that exceed the current limits, and removes empty channels.
    public func finishRestoring(now: UInt64) {
        change { $0.finishRestoring(now: now) }
        evictAll(now: now)
    }

    /// Takes the next batch that the archive must write, and gives its events their numbers. Call it again after
    /// ``commit(_:now:)`` until it returns nil: only then, or after ``refuse(_:_:)``, does the hub wake the archive for
    /// further changes.
    ///
    /// A few evictions wait for a second without a wakeup, so call it once a second too.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - flushing: takes also the evictions that could wait, until nothing is left to write.
    public func nextBatch(now: UInt64, flushing: Bool = false) -> ArchiveBatch? {
        let batch = locked { $0.nextBatch(now: now, flushing: flushing) }
        if batch != nil { batchStart.store(clock(), ordering: .relaxed) }
        return batch
    }

    /// How long the archive took to write each batch.
    public var commitTimes: Distribution { commits.distribution }

    /// Reports that the archive has written a batch.
    public func commit(_ batch: ArchiveBatch, now: UInt64) {
        commits.observe(clock() - batchStart.load(ordering: .relaxed))
        evicting(now: now) {
            for writes in batch.slices(steps: Self.stepsAtOnce) {
                complete(change(steps: HoldBudget.brief) { $0.commit(writes, now: now) })
                evictAll(now: now)
            }
        }
    }

    /// Reports that the archive could not write a batch. The hub refuses its publishes and ends.
    ///
    /// - Parameter reason: a sentence for the publishers, without a full stop.
    public func refuse(_ batch: ArchiveBatch, _ reason: String) {
        locked { state in state.writeQueue?.putBack(batch, state.registry) }
        for writes in batch.slices(steps: Self.stepsAtOnce) { complete(locked { $0.refuse(writes, reason) }) }
    }

    /// Tells the loops what became of their publishes and ends.
    func complete(_ completions: [(loop: Int, Completion)]) {
        for (loop, completion) in completions { mailboxes[loop].complete(completion) }
    }

    /// How many events of a batch, each counted once for each of its channels, one hold of the lock adds to the log: a
    /// single publish may have more.
    static let stepsAtOnce = 512

    /// Whether the hub has an archive.
    public var hasArchive: Bool { archive != nil }

    /// Where the history is: `memory`, `sqlite`, or `etcd` for a log that several nodes share.
    public var storeName: String { archive == nil ? "memory" : state.withLock { $0.shared != nil } ? "etcd" : "sqlite" }

    /// Uses the state under the lock.
    ///
    /// - Parameter steps: see ``HoldBudget``.
    func locked<Result>(
        steps: Int = HoldBudget.standard, _ body: (inout HubState) -> sending Result
    ) -> sending Result {
        state.withLock { state in
            let start = clock()
            state.budget = HoldBudget(steps: steps)
            state.heldSince = start
            defer { state.longestHold = max(state.longestHold, clock() - start) }
            return body(&state)
        }
    }

    /// Whether evictions wait for the loops; see ``evictMore(now:)``.
    public var hasEvictions: Bool {
        hasUnfinished.load(ordering: .relaxed) && !archiveEvicts.load(ordering: .relaxed)
    }

    /// Evicts some of the events that a change could not evict while it held the lock. After each turn in which a loop
    /// changed something, it calls this until nothing is left.
    ///
    /// - Returns: whether evictions still wait.
    @discardableResult public func evictMore(now: UInt64) -> Bool {
        change { $0.continueUnfinished(now: now) }
        return hasEvictions
    }

    /// Runs a body on the thread of the archive that calls ``evictAll(now:)``. The loops leave evictions to this thread
    /// meanwhile: otherwise all would wait for the lock in turn.
    func evicting(now: UInt64, _ body: () -> Void) {
        archiveEvicts.store(true, ordering: .relaxed)
        body()
        archiveEvicts.store(false, ordering: .relaxed)
        // A loop may have left some a moment ago, and sleep now.
        evictAll(now: now)
    }

    /// Evicts everything that waits: each time other threads get the lock in between.
    func evictAll(now: UInt64) {
        while hasUnfinished.load(ordering: .relaxed) {
            change(steps: HoldBudget.brief) { $0.continueUnfinished(now: now) }
        }
    }

    /// Changes the state under the lock, and wakes the loops and the archive afterwards.
    ///
    /// - Parameter steps: see ``HoldBudget``.
    func change<Result: Sendable>(steps: Int = HoldBudget.standard, _ body: (inout HubState) -> Result) -> Result {
        let (result, loops, hasWrites) = locked(steps: steps) { state in
            let result = body(&state)
            hasUnfinished.store(state.hasUnfinished, ordering: .relaxed)
            exceedsTotal.store(state.exceedsTotal, ordering: .relaxed)
            var loops: UInt64 = 0
            // Posted under the lock: otherwise two publishers could post in another order than that of the log.
            for loop in state.outgoing.indices where !state.outgoing[loop].isEmpty {
                mailboxes[loop].post(&state.outgoing[loop])
                loops |= 1 << UInt64(loop)
            }
            return (
                result, loops, state.writeQueue?.needsNotification() ?? state.shared?.needsNotification() ?? false
            )
        }
        if loops != 0 {
            for loop in mailboxes.indices where loops & (1 << UInt64(loop)) != 0 { mailboxes[loop].wake() }
        }
        if hasWrites { archive?.wake() }
        return result
    }
}
