public import Broadcasting
public import Kernel
public import Logging
import Synchronization
public import SystemPackage

/// The loops, the hub and the listening sockets: what `crier serve` starts.
public final class Server: Sendable {
    /// The channels and the log.
    public let hub: Hub

    private let ports: [LoopPort]
    private let running: Atomic<Int>
    private let threads = Guarded<[Handover<Thread>]>([])
    private let failure = Guarded<Errno?>(nil)

    /// Starts the loops.
    ///
    /// - Parameters:
    ///   - loops: how many threads, 1 to 64.
    ///   - doors: emptied; the listening sockets belong to the server from here on.
    ///   - epoch: the incarnation of the log, that of the archive if there is one.
    ///   - prepare: brings the hub to where it was, before anybody is served.
    public init<Failure: Error>(
        loops: Int, doors: consuming Doors, settings: ServingSettings, history: HistoryPolicy, epoch: Epoch = .random(),
        archive: (any Archive)? = nil, log: Logger, prepare: (Hub) throws(Failure) -> Void = { _ in }
    ) throws {
        precondition((1...64).contains(loops))
        var made: [LoopPort] = []
        for _ in 0..<loops { made.append(try LoopPort()) }
        let ports = made
        self.ports = ports
        hub = Hub(epoch: epoch, policy: history, mailboxes: ports.map(\.mailbox), archive: archive)
        try prepare(hub)
        running = Atomic(loops)
        let pressure = Pressure(ports)
        let occupancy = Occupancy(loops: loops)
        let listeners = doors.shared
        for index in 0..<loops {
            // Made here, so that a daemon which says it is ready has all that it needs.
            let poller = Handover(try Reactor.poller(ports[index], listeners))
            let thread = try Thread(named: "crier-loop-\(index)") { [self] in
                do throws(Errno) {
                    var reactor = Reactor(
                        index: index, poller: poller.take(), hub: hub, ports: ports, listeners: listeners,
                        pressure: pressure, occupancy: occupancy, settings: settings, log: log)
                    try reactor.run()
                } catch {
                    log.critical("a loop failed", metadata: ["loop": "\(index)", "error": "\(error)"])
                    failure.withLock { $0 = error }
                }
                running.subtract(1, ordering: .sequentiallyConsistent)
            }
            let handover = Handover(thread)
            threads.withLock { $0.append(handover) }
        }
    }

    /// Gives every loop other settings.
    public func apply(_ settings: ServingSettings, _ history: HistoryPolicy) {
        hub.apply(history)
        for port in ports { port.send(.configure(settings)) }
    }

    /// Tells every loop to see its connections off and end.
    public func drain() {
        for port in ports { port.send(.drain) }
    }

    /// Waits for the threads of loops that have all ended.
    public func join() {
        for thread in threads.withLock({ $0 }) { thread.take().join() }
    }

    /// Whether every loop has ended.
    public var hasEnded: Bool { running.load(ordering: .sequentiallyConsistent) == 0 }

    /// Why a loop could not go on; the daemon is of no use then.
    public var error: Errno? { failure.withLock { $0 } }

    /// How many turns each loop has made: one that stands still hangs.
    public var turns: [Int] { ports.map { $0.status.turns.current } }

    /// The sum over all loops.
    public var status: ServerStatus {
        var sum = ServerStatus()
        for status in ports.map(\.status) {
            sum.connections += status.connections.current
            sum.subscribers += status.subscribers.current
            sum.published += status.published.current
            sum.delivered += status.delivered.current
            sum.skips += status.skips.current
            for (index, count) in status.closed.enumerated() { sum.closed[index] += count }
            for (index, count) in status.lagged.enumerated() { sum.lagged[index] += count }
        }
        return sum
    }
}

/// The doors of a server, collected one by one.
public struct Doors: ~Copyable {
    fileprivate var shared: [SharedListener] = []

    /// None yet.
    public init() {}

    /// Adds one.
    public mutating func add(_ listener: consuming Listener, roles: Roles) {
        shared.append(SharedListener(listener, roles: roles))
    }
}

/// Brings what has one owner to another one: a poller into the thread of its loop, a thread to who waits for its end.
private final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: consuming sending Value) {
        self.value = Mutex(value)
    }

    /// To be called once.
    func take() -> Value {
        guard let value = value.withLock({ $0.take() }) else { preconditionFailure("it was taken before") }
        return value
    }
}
