public import Broadcasting
public import Hooks
import Kernel
public import Logging
import Synchronization
public import SystemPackage

/// The loops, the hub and the listening sockets: everything that `crier serve` starts.
public final class Server: Sendable {
    /// The channels and the log.
    public let hub: Hub

    /// The listening sockets.
    let listeners: [SharedListener]
    /// The connections that it continued; none of them are in it any more.
    public let restored: RestoredConnections
    /// What survives if this process is killed; nil when nothing does.
    public let recovery: Recovery?
    /// The life of this process.
    public let life: Life
    /// The programs that hear of clients and channels.
    public let hooks: Hooks
    private let ports: [LoopPort]
    private let readiness: ReadinessChecks
    private let running: Atomic<Int>
    private let threads = Guarded<[Relay<Thread>]>([])
    private let failure = Guarded<Errno?>(nil)

    /// Restores the hub and starts the loops.
    ///
    /// - Parameters:
    ///   - loops: how many loops, each with a thread of its own, 1 to 64.
    ///   - listeners: the listening sockets, which belong to the server from here on.
    ///   - epoch: the epoch of the archive, if there is one.
    ///   - recovery: where the loops record their streams, if the process may be killed.
    ///   - life: of this process, without the restarts before it.
    ///   - logChannel: where the records of `log` go too.
    ///   - hooks: the programs that hear of clients and channels.
    ///   - cluster: what the cluster says of this node; nil when the daemon is alone.
    ///   - prepare: restores the hub, before the server accepts any client, and returns the connections to continue.
    /// - Throws: the error of `prepare`, or `Errno` when the process lacks descriptors or threads.
    public init<Failure: Error>(
        loops: Int, listeners: ListenerSet, settings: ServingSettings, history: HistoryPolicy,
        epoch: Epoch = .random(), archive: (any Archive)? = nil, recovery: Recovery? = nil, life: Life,
        logChannel: LogChannel, hooks: Hooks, cluster: ClusterReport? = nil, log: Logger,
        prepare: (Hub) throws(Failure) -> RestoredConnections = { _ in RestoredConnections() }
    ) throws {
        precondition((1...64).contains(loops))
        var made: [LoopPort] = []
        for _ in 0..<loops { made.append(try LoopPort()) }
        let ports = made
        self.ports = ports
        self.recovery = recovery
        self.hooks = hooks
        hub = Hub(
            epoch: epoch, policy: history, mailboxes: ports.map(\.mailbox), archive: archive,
            clock: { Clock.monotonicNanoseconds })
        var restored = try prepare(hub)
        for (port, connections) in zip(ports, restored.takeLoops()) { port.post(.restore(connections)) }
        self.restored = restored
        var lived = life
        lived.restarts = max(restored.restarts, restored.recovered.restarts)
        recovery?.file.restarts = lived.restarts
        self.life = lived
        for (loop, streams) in restored.recovered.shares(loops).enumerated() where !streams.isEmpty {
            ports[loop].post(.recover(streams))
        }
        let hasContinued = try Acknowledgement(loops: loops)
        for port in ports { port.post(.acknowledge(hasContinued)) }
        running = Atomic(loops)
        let throttle = PublisherThrottle(ports)
        let connectionCount = ConnectionCount(loops: loops)
        let addressCounts = AddressCounts()
        let bodies = BodyMemory()
        let incompleteRequests = IncompleteRequests()
        let limiter = RateLimiter()
        let subscriberCounts = SubscriberCounts()
        let endedSessions = EndedSessions()
        let nodeQuestions = NodeQuestions()
        let readiness = try ReadinessChecks(hub, ports, cluster)
        self.readiness = readiness
        let checks = Relay(try Thread(named: "crier-readiness") { readiness.run() })
        threads.withLock { $0.append(checks) }
        let shared = listeners.shared
        self.listeners = shared
        watchChannels()
        for index in 0..<loops {
            // Make it here: a failure must stop the daemon before it reports readiness.
            let poller = Relay(try Reactor.poller(ports[index], shared))
            let context = LoopContext(
                index: index, hub: hub, ports: ports, listeners: shared, throttle: throttle,
                connectionCount: connectionCount, addressCounts: addressCounts, limiter: limiter,
                subscriberCounts: subscriberCounts, bodies: bodies,
                incompleteRequests: incompleteRequests, recovery: recovery, life: lived, readiness: readiness,
                endedSessions: endedSessions, logChannel: logChannel, hooks: hooks, cluster: cluster,
                nodeQuestions: nodeQuestions, log: log)
            let thread = try Thread(named: "crier-loop-\(index)") { [self] in
                do throws(Errno) {
                    var reactor = Reactor(context, poller: poller.take(), settings: settings)
                    try reactor.run()
                } catch {
                    log.critical("a loop failed", metadata: ["loop": "\(index)", "error": "\(error)"])
                    failure.withLock { $0 = error }
                }
                running.subtract(1, ordering: .sequentiallyConsistent)
            }
            let relay = Relay(thread)
            threads.withLock { $0.append(relay) }
        }
        // From here on the streams survive if the process is killed.
        hasContinued.wait(milliseconds: 10_000)
    }

    /// Gives every loop other settings.
    public func apply(_ settings: ServingSettings, _ history: HistoryPolicy) {
        hub.apply(history)
        watchChannels()
        for port in ports { port.post(.configure(settings)) }
    }

    private func watchChannels() {
        hub.watchChannels(hooks.wants(.channelCreated) || hooks.wants(.channelEnded))
    }

    /// Has every loop end the streams whose grants are no longer in force.
    public func checkGrants() {
        for port in ports { port.post(.checkGrants) }
    }

    /// Brings every loop to a stop, for another process to continue the connections.
    ///
    /// - Parameter notify: called when they stand still, on the thread of a loop.
    public func freeze(notify: @escaping @Sendable () -> Void) -> Freeze {
        readiness.pause(true)
        let freeze = Freeze(loops: ports.count, notify: notify) { [ports, readiness] in
            readiness.pause(false)
            for port in ports { port.wakeup.wakeup.notify() }
        }
        for port in ports { port.post(.freeze(freeze)) }
        return freeze
    }

    /// Starts a graceful shutdown: every loop finishes its connections and ends.
    public func drain() {
        for port in ports { port.post(.drain) }
    }

    /// Joins the threads. Call it once, after all loops have ended.
    public func join() {
        readiness.stop()
        for thread in threads.withLock({ $0 }) { thread.take().join() }
    }

    /// Whether every loop has ended.
    public var hasEnded: Bool { running.load(ordering: .sequentiallyConsistent) == 0 }

    /// The error that ended a loop; nil while all is well. After an error the daemon must exit.
    public var error: Errno? { failure.withLock { $0 } }

    /// How many turns each loop has made. A loop whose number does not rise hangs.
    public var turns: [Int] { ports.map { $0.status.turns.current } }

    /// The sums over all loops.
    public var status: ServerStatus {
        var sum = ServerStatus()
        for port in ports { sum.add(port.status) }
        return sum
    }
}
