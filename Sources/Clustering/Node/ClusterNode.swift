public import Broadcasting
import Kernel
public import Logging
public import Metrics
import Synchronization
import SystemPackage

/// A node of a cluster: passes what its hub publishes to the shared log, and what the log has to its hub. Its threads wait
/// for the engine; nothing of it runs on an event loop.
public final class ClusterNode: Archive, Sendable {
    let settings: ClusterSettings
    let log: any SharedLog
    let logger: Logger
    private let stateFile: StateFile?
    /// The epoch of the log.
    public let epoch: Epoch
    private let store: String
    /// What the engine said of the epoch up to this revision is over.
    let opened: UInt64
    let hub = Guarded<Hub?>(nil)
    let applier = Guarded<Relay<Applier>?>(nil)
    let current: Guarded<NodeStatus>
    let appendWakeup: SharedWakeup
    let controlWakeup: SharedWakeup
    private let fetches: FetchRequests
    private let stopping = Atomic(false)
    private let threads = Guarded<[JoinableThread]>([])
    let commits = Histogram()
    let turnCount = Atomic<Int>(0)
    private let trouble = Guarded<(@Sendable () -> Void)?>(nil)
    private let written = Guarded<UInt64>(0)
    private let paused = Atomic(false)
    let clocks = ClockComparison()

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

    /// Whether nothing may be applied now.
    var isPaused: Bool { paused.load(ordering: .sequentiallyConsistent) }

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

    var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

    // MARK: Archive

    /// See ``Broadcasting/Archive/wake()``.
    public func wake() { appendWakeup.notify() }

    /// See ``Broadcasting/Archive/fetch(_:for:into:)``.
    public func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {
        fetches.add(ArchiveFetch(asked: asked, token: token, mailbox: mailbox))
    }

    private func fetch() {
        fetches.serve(log, epoch: epoch) { [logger] failure in
            logger.error("cannot read the history", metadata: ["error": "\(failure)"])
        }
    }

    // MARK: For its threads

    func withApplier<Value: Sendable>(_ body: (Applier) -> Value) -> Value {
        applier.withLock { relay in
            guard let relay else { preconditionFailure("the node has been started") }
            return body(relay.value)
        }
    }

    /// Logs the first failure of a series, and one that an operator must do something about.
    func note(_ failure: LogFailure) {
        let isNews = current.withLock { current in
            defer { current.failure = failure.description }
            if case .unreachable = failure { return current.failure == nil }
            return current.failure != failure.description
        }
        if isNews { logger.error("the shared log cannot be used", metadata: ["error": "\(failure)"]) }
    }

    func startOver(_ reason: String) { fail(.mustStartOver(reason)) }

    func fail(_ new: NodeStatus.Trouble) {
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
    func remember() {
        let revision = status.applied
        guard let stateFile, written.withLock({ $0 != revision }) else { return }
        do {
            try stateFile.write(LogMark(epoch: epoch, store: store, revision: revision))
            written.withLock { $0 = revision }
        } catch {
            logger.error("cannot write how far the log was seen", metadata: ["error": "\(error)"])
        }
    }

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
