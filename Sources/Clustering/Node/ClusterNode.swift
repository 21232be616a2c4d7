public import Broadcasting
import Kernel
public import Logging
public import Metrics
import Synchronization
import SystemPackage

/// A node of a cluster: passes what its hub publishes to the shared log, and what the log has to its hub. Its threads wait
/// for the engine; nothing of it runs on an event loop.
public final class ClusterNode: Archive, Sendable {
    private let settings: ClusterSettings
    private let log: any SharedLog
    let logger: Logger
    private let stateFile: StateFile?
    /// The epoch of the log.
    public let epoch: Epoch
    private let store: String
    /// What the engine said of the epoch up to this revision is over.
    private let opened: UInt64
    private let hub = Guarded<Hub?>(nil)
    private let applier = Guarded<Relay<Applier>?>(nil)
    private let current: Guarded<NodeStatus>
    private let appendWakeup: SharedWakeup
    private let controlWakeup: SharedWakeup
    private let fetches: FetchRequests
    private let stopping = Atomic(false)
    private let threads = Guarded<[JoinableThread]>([])
    private let commits = Histogram()
    private let turnCount = Atomic<Int>(0)
    private let trouble = Guarded<(@Sendable () -> Void)?>(nil)
    private let written = Guarded<UInt64>(0)

    /// Finds the epoch of the log, or begins one.
    ///
    /// - Throws: see ``SharedLog/open(proposing:seen:)``; `refused` when the process lacks descriptors.
    public init(_ settings: ClusterSettings, _ log: any SharedLog, logger: Logger) throws(LogFailure) {
        (self.settings, self.log, self.logger) = (settings, log, logger)
        stateFile = settings.file.map { StateFile($0) }
        current = Guarded(NodeStatus(node: settings.node))
        do throws(Errno) {
            appendWakeup = try SharedWakeup()
            controlWakeup = try SharedWakeup()
            fetches = try FetchRequests()
        } catch {
            throw .refused("the process lacks descriptors: \(error)")
        }
        let seen = stateFile?.read()
        let mark = try log.open(proposing: .random(), seen: seen)
        (epoch, store, opened) = (mark.epoch, mark.store, mark.revision)
        if let seen, seen.epoch != mark.epoch {
            logger.warning(
                "the log has another epoch than when this node last saw it; clients that resume get a gap",
                metadata: ["before": "\(seen.epoch)", "now": "\(mark.epoch)", "store": "\(mark.store)"])
        }
    }

    /// Where the node is.
    public var status: NodeStatus { current.withLock { $0 } }

    /// What a node that lives tells of itself; nil when there is no such node. Waits for the engine.
    public func announcement(of name: String) throws(LogFailure) -> String? {
        try log.nodes()[name].map { String(decoding: $0, as: UTF8.self) }
    }

    /// The subscribers of other nodes, over all topics.
    public var remoteSubscribers: Int { hub.withLock { $0 }?.remoteSubscribers ?? 0 }

    /// How long the log took to take each batch.
    public var commitTimes: Distribution { commits.distribution }

    /// Rises at least once a second while the thread that appends works.
    public var turns: Int { turnCount.load(ordering: .relaxed) }

    /// Calls a function, on a thread of the node, when it has a trouble that waiting does not mend.
    public func whenInTrouble(_ notify: @escaping @Sendable () -> Void) {
        trouble.withLock { $0 = notify }
        if status.trouble != nil { notify() }
    }

    // MARK: Starting and stopping

    /// Reads the log into a hub, and starts to follow it.
    ///
    /// - Parameters:
    ///   - hub: must be new. An earlier one is not used any more.
    ///   - progress: called about twice a second. Returns whether to give up.
    public func start(_ hub: Hub, progress: () -> Bool) throws(LogFailure) {
        endThreads()
        stopping.store(false, ordering: .sequentiallyConsistent)
        fetches.resume()
        current.withLock { $0 = NodeStatus(node: settings.node) }
        let start = try beginning(progress)
        hub.share(as: settings.node, uncertainThrough: start == 0 ? 0 : SharedNumber.first(of: start + 1) - 1)
        self.hub.withLock { $0 = hub }
        let relay = Relay(Applier(hub, epoch: epoch, start: start))
        applier.withLock { $0 = relay }
        do throws(Errno) {
            let started = [
                JoinableThread(try Thread(named: "crier-tail") { [self] in follow() }),
                JoinableThread(try Thread(named: "crier-append") { [self] in append() }),
                JoinableThread(try Thread(named: "crier-control") { [self] in control() }),
                JoinableThread(try Thread(named: "crier-fetch") { [self] in fetch() }),
            ]
            threads.withLock { $0 = started }
        } catch {
            throw .refused("cannot start a thread: \(error)")
        }
        while true {
            let status = status
            if case .mustStartOver(let reason)? = status.trouble { throw .replaced(reason) }
            if case .cannotRead(let reason)? = status.trouble { throw .refused(reason) }
            if status.hasRead { return }
            if progress() { throw .unreachable(status.failure ?? "the log is not read yet") }
            Thread.sleep(milliseconds: status.answered == 0 ? 20 : 100)
        }
    }

    /// The revision after which the log begins.
    private func beginning(_ progress: () -> Bool) throws(LogFailure) -> UInt64 {
        while true {
            do throws(LogFailure) {
                return try log.beginning()
            } catch {
                guard case .unreachable = error, !progress() else { throw error }
                Thread.sleep(milliseconds: 200)
            }
        }
    }

    /// Applies nothing while a function runs.
    public func whilePaused<Value, Failure: Error>(_ body: () throws(Failure) -> sending Value) throws(Failure) -> Value
    {
        pause()
        defer { resume() }
        return try body()
    }

    /// Applies nothing until ``resume()``. Returns when nothing is being applied.
    public func pause() {
        paused.store(true, ordering: .sequentiallyConsistent)
        applier.withLock { _ in }
    }

    /// Goes on.
    public func resume() { paused.store(false, ordering: .sequentiallyConsistent) }

    private let paused = Atomic(false)

    /// Appends what waits, tells the others, and ends the threads.
    public func stop() {
        endThreads()
        log.leave(settings.node)
        remember()
    }

    private func endThreads() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        appendWakeup.notify()
        controlWakeup.notify()
        fetches.stop()
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { thread.join() }
    }

    private var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

    // MARK: Archive

    /// See ``Broadcasting/Archive/wake()``.
    public func wake() { appendWakeup.notify() }

    /// See ``Broadcasting/Archive/fetch(_:for:into:)``.
    public func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {
        fetches.add(FetchRequests.Request(asked: asked, token: token, mailbox: mailbox))
    }

    private func fetch() {
        fetches.serve(log, epoch: epoch) { [logger] failure in
            logger.error("cannot read the history", metadata: ["error": "\(failure)"])
        }
    }

    // MARK: The thread that follows the log

    private func follow() {
        while !isStopping {
            let revision = withApplier { $0.revision }
            do throws(LogFailure) {
                try log.tail(
                    after: revision, isStopped: { [self] in isStopping || status.trouble.map(\.isFinal) == true },
                    take)
            } catch {
                switch error {
                case .compacted(let begin) where begin > revision && !status.hasRead:
                    withApplier { $0.skip(to: begin) }
                case .compacted(let begin) where begin > revision:
                    startOver(
                        "it was behind what the others have forgotten: at \(revision), and the log begins at \(begin)")
                case .compacted, .unreachable, .full, .refused, .replaced: note(error)
                }
            }
            if !isStopping { Thread.sleep(milliseconds: 100) }
        }
    }

    private func take(_ item: TailItem) {
        switch item {
        case .entry(let revision, let bytes):
            switch apply(revision, bytes) {
            case nil: break
            case .applied(let node, let time, let isTrim): didApply(revision, node: node, time: time, isTrim: isTrim)
            case .cannotRead(let reason): fail(.cannotRead(reason))
            case .disagrees(let reason): startOver(reason)
            }
        case .epoch(let revision, let epoch):
            if revision > opened, epoch != self.epoch {
                startOver("the log has begun the epoch \(epoch?.description ?? "none") in place of \(self.epoch)")
            }
            reach(revision)
        case .node(let revision, let name, let isAlive):
            current.withLock { current in
                if isAlive { current.living.insert(name) } else { current.living.remove(name) }
            }
            if !isAlive, name != settings.node { hub.withLock { $0 }?.forgetNode(name) }
            reach(revision)
        case .reached(let revision): reach(revision)
        }
    }

    /// Applies an entry as soon as it may be; nil when nothing may be applied any more.
    private func apply(_ revision: UInt64, _ bytes: [UInt8]) -> Applier.Outcome? {
        while true {
            waitForLoops()
            // After a trouble, what follows would be applied without what came before it.
            if isStopping || status.trouble?.isFinal == true { return nil }
            let isLive = status.hasRead
            let outcome: Applier.Outcome?? = withApplier { applier in
                // Somebody may have paused the node since.
                paused.load(ordering: .sequentiallyConsistent)
                    ? nil : .some(applier.apply(revision, bytes, now: Clock.steady, isLive: isLive))
            }
            if let outcome { return outcome }
        }
    }

    /// Waits while the loops have so much to write that further events would only fill the memory.
    private func waitForLoops() {
        while isHeldBack {
            if isStopping { return }
            Thread.sleep(milliseconds: 2)
        }
    }

    private var isHeldBack: Bool {
        paused.load(ordering: .sequentiallyConsistent)
            || hub.withLock({ $0 }).map({ $0.backlog > settings.backlog }) == true
    }

    private func reach(_ revision: UInt64) {
        withApplier { $0.reach(revision) }
        current.withLock { $0.applied = max($0.applied, revision) }
    }

    private func didApply(_ revision: UInt64, node: String, time: UInt64, isTrim: Bool) {
        let wasBehind = current.withLock { current in
            current.applied = max(current.applied, revision)
            current.entry = max(current.entry, revision)
            defer { if current.entry >= current.head { current.isUpToDate() } }
            return current.behindSince != nil
        }
        if !wasBehind, node != settings.node { clocks.compare(node, time, now: Clock.steady, logger) }
        if isTrim { controlWakeup.notify() }
    }

    private let clocks = ClockComparison()

    private func withApplier<Value: Sendable>(_ body: (Applier) -> Value) -> Value {
        applier.withLock { relay in
            guard let relay else { preconditionFailure("the node has been started") }
            return body(relay.value)
        }
    }

    // MARK: The thread that appends

    private func append() {
        let appender = Appender(log, node: settings.node, epoch: epoch, timeout: settings.timeout)
        // Early, so that an entry of the life before cannot come any more.
        _ = try? appender.claim()
        guard let hub = hub.withLock({ $0 }) else { return }
        while true {
            // Read first: a batch that comes between the last look at the queue and the stop must still be appended.
            let isLast = isStopping
            turnCount.add(1, ordering: .relaxed)
            let isOver = status.trouble?.isFinal == true
            while let batch = hub.nextEntry() {
                turnCount.add(1, ordering: .relaxed)
                if isOver {
                    hub.refuse(batch, isCertain: true, "this node starts over")
                } else {
                    send(batch, appender, hub)
                }
            }
            // Without the tail nothing comes back.
            let late = isOver ? .max : Clock.steady - settings.timeout
            hub.refuseWaiting(before: late, "the shared log does not answer")
            for batch in withApplier({ $0.withdraw(since: late) }) {
                hub.refuse(batch, isCertain: false, "this node is behind the shared log")
            }
            if isLast { return }
            _ = appendWakeup.wait(milliseconds: 500)
        }
    }

    private func send(_ batch: SharedBatch, _ appender: Appender, _ hub: Hub) {
        let (claim, applied) = withApplier { ($0.claim, $0.revision) }
        let start = Clock.monotonicNanoseconds
        let (outcome, place) = appender.append(
            batch, time: max(Clock.steady, hub.logTime), claim: claim, applied: applied,
            expect: { place in withApplier { $0.expect(batch, at: place) } },
            now: { [self] in
                turnCount.add(1, ordering: .relaxed)
                return isStopping ? .max : Clock.steady
            },
            pause: { Thread.sleep(milliseconds: 50) })
        if outcome == .appended { return commits.observe(Clock.monotonicNanoseconds - start) }
        // It may have come back nevertheless. Its publishers are answered then.
        if let place, withApplier({ $0.withdraw(place) }) == nil { return }
        if case .putBack = outcome { try? log.replaceEpoch(epoch, with: .random()) }
        if let trouble = outcome.refuse(batch, of: hub) { fail(trouble) }
        // The others wait no longer either.
        hub.refuseWaiting(before: Clock.steady - settings.timeout, "the shared log does not answer")
    }

    // MARK: The thread that watches over the node

    private func control() {
        var control = NodeControl(settings)
        guard let hub = hub.withLock({ $0 }) else { return }
        while !isStopping {
            let began = Clock.monotonic
            let asked = (revision: withApplier { $0.revision }, time: Clock.steady)
            do throws(LogFailure) {
                let head = try log.head()
                judge(head, asked, hub)
                if status.isFollowing { try control.keep(self, log, hub, epoch: epoch) }
            } catch {
                if case .replaced(let reason) = error, log.isReplaced { startOver(reason) }
                note(error)
            }
            remember()
            // The member may answer, and not tell what is new.
            if let since = status.behindSince, Clock.monotonic > since + Self.silence, !isHeldBack {
                log.moveOn()
                current.withLock { $0.behindSince = Clock.monotonic }
            }
            // Until the node has read the log, it looks more often.
            let period: UInt64 = status.behindSince != nil || status.answered == 0 ? 50 : 1000
            _ = controlWakeup.wait(milliseconds: Int(period - min(period, Clock.monotonic - began)) + 1)
        }
    }

    /// Milliseconds that a node may be behind before it asks another member.
    private static let silence: UInt64 = 5000

    /// An answer is judged by what was applied when it was asked for: meanwhile the node may have gone on.
    private func judge(_ head: LogHead, _ asked: (revision: UInt64, time: UInt64), _ hub: Hub) {
        guard head.epoch == epoch else {
            return startOver("the log has begun the epoch \(head.epoch?.description ?? "none") in place of \(epoch)")
        }
        guard head.revision >= asked.revision else {
            try? log.replaceEpoch(epoch, with: .random())
            return startOver("the store was put back: it is at \(head.revision), and was at \(asked.revision)")
        }
        hub.judgeWaiting(beyond: head.revision, askedBefore: asked.time)
        let recovered = current.withLock { current in
            defer {
                current.head = max(current.head, head.entry)
                current.answered = Clock.monotonic
                current.failure = nil
                // What the log has forgotten counts as applied.
                let applied = max(current.entry, asked.revision)
                if applied >= head.entry {
                    current.isUpToDate()
                } else if current.behindSince == nil {
                    current.behindSince = Clock.monotonic
                }
            }
            return current.failure != nil
        }
        if recovered { logger.notice("etcd answers again") }
    }

    /// Logs the first failure of a series, and one that an operator must do something about.
    private func note(_ failure: LogFailure) {
        let isNews = current.withLock { current in
            defer { current.failure = failure.description }
            if case .unreachable = failure { return current.failure == nil }
            return current.failure != failure.description
        }
        if isNews { logger.error("the shared log cannot be used", metadata: ["error": "\(failure)"]) }
    }

    private func startOver(_ reason: String) { fail(.mustStartOver(reason)) }

    private func fail(_ new: NodeStatus.Trouble) {
        let isNew = current.withLock { current in
            guard current.trouble != new, current.trouble?.isFinal != true else { return false }
            current.trouble = new
            return true
        }
        guard isNew else { return }
        logger.critical("the node is not ready", metadata: ["reason": "\(status.problem(now: Clock.monotonic) ?? "")"])
        trouble.withLock { $0 }?()
        appendWakeup.notify()
    }

    /// Writes down how far the node has seen the log.
    private func remember() {
        let revision = status.applied
        guard let stateFile, written.withLock({ $0 != revision }) else { return }
        do {
            try stateFile.write(LogMark(epoch: epoch, store: store, revision: revision))
            written.withLock { $0 = revision }
        } catch {
            logger.error("cannot write how far the log was seen", metadata: ["error": "\(error)"])
        }
    }

    // MARK: For the thread that watches over the node

    /// See ``LogTrims/figures(limit:)``.
    func trimFigures(limit: Int) -> LogTrims.Figures { withApplier { $0.trimFigures(limit: limit) } }

    func setLiving(_ living: Set<String>) { current.withLock { $0.living = living } }
}

extension NodeStatus.Trouble {
    /// Whether only a new start helps.
    public var isFinal: Bool { if case .nameTaken = self { false } else { true } }
}

/// Hands an object to threads that use it one at a time; hence `@unchecked`.
final class Relay<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
