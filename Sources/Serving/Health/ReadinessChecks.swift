import Broadcasting
import EventStreams
import Kernel
import Synchronization
import SystemPackage

/// Finds out for `GET /readyz` whether events get through: a real event goes through the hub and, with durable history, the
/// disk, and through every event loop to a real socket. A thread of its own makes one check at a time, however many ask.
final class ReadinessChecks: Sendable {
    /// The token under which the hub reports that the history could not store the event. No connection has it.
    static let token = UInt64.max
    /// The channel of the events.
    static let channel = try? ChannelName("$crier/canary")

    /// Milliseconds for each part of a check.
    private static let patience: UInt64 = 2000
    /// Milliseconds for which a result is good.
    private static let validity: UInt64 = 1000

    private let hub: Hub
    private let ports: [LoopPort]
    private let cluster: ClusterReport?
    private let wakeup: SharedWakeup
    private let waiting = Guarded<[(loop: Int, connection: Connections.Token)]>([])
    private let refusal = Guarded<String?>(nil)
    private let isStopped = Atomic(false)
    /// Whether the loops come to a stop for another process: nothing may be published then.
    private let isPaused = Guarded(false)

    init(_ hub: Hub, _ ports: [LoopPort], _ cluster: ClusterReport? = nil) throws(Errno) {
        (self.hub, self.ports, self.cluster) = (hub, ports, cluster)
        wakeup = try SharedWakeup()
    }

    /// Has the answer sent to a connection that waits for it.
    func check(for connection: Connections.Token, of loop: Int) {
        waiting.withLock { $0.append((loop, connection)) }
        wakeup.notify()
    }

    /// The history could not store the event, for this reason.
    func refuse(_ reason: String) { refusal.withLock { $0 = reason } }

    /// Publishes nothing from now on, or again.
    func pause(_ isPaused: Bool) { self.isPaused.withLock { $0 = isPaused } }

    /// Ends the thread.
    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        wakeup.notify()
    }

    // MARK: On the thread

    /// Makes checks until ``stop()``.
    func run() {
        var last: (time: UInt64, answer: Answer)?
        while true {
            _ = wakeup.wait(milliseconds: 60_000)
            if isStopped.load(ordering: .sequentiallyConsistent) { return }
            let waiting = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            guard !waiting.isEmpty else { continue }
            if last.map({ Clock.monotonic - $0.time >= Self.validity }) ?? true {
                last = (Clock.monotonic, check().answer)
            }
            guard let last else { continue }
            for (loop, connection) in waiting { ports[loop].post(.answered(connection, .success(last.answer))) }
        }
    }

    private func check() -> ReadinessReport {
        refusal.withLock { $0 = nil }
        var report = ReadinessReport(store: hub.storeName)
        if let cluster { report.cluster = .some(cluster.problem()) }
        var canaries: [Canary] = []
        for port in ports {
            guard let pair = try? Descriptor.pair() else {
                report.loops = "the process has too few descriptors"
                return report
            }
            port.post(.watchCanary(pair.1))
            canaries.append(Canary(Descriptor(owning: pair.0)))
        }
        let end = Clock.monotonic + Self.patience
        let silent = canaries.indices.filter { !canaries[$0].receives(Canary.greeting, until: end) }
        if !silent.isEmpty {
            report.loops = "event loop \(silent.map(String.init).joined(separator: ", ")) does not answer"
        }
        deliver(to: canaries.indices.filter { !silent.contains($0) }.map { canaries[$0] }, &report)
        return report
    }

    private func deliver(to canaries: [Canary], _ report: inout ReadinessReport) {
        // The nodes of a cluster number an event of their own only now and then; the shared log is checked by itself.
        guard cluster == nil, let channel = Self.channel, !canaries.isEmpty else { return }
        let text = "canary \(UInt64.random(in: 0...UInt64.max))"
        guard let data = try? EventData(utf8: Array(text.utf8)) else { return }
        let began = Clock.monotonicNanoseconds
        let outcome = isPaused.withLock { isPaused in
            isPaused
                ? nil
                : hub.publish(
                    [Publication(Event(data: data), to: [channel])], reply: ReplyAddress(loop: 0, token: Self.token),
                    now: Clock.steady)
        }
        guard let outcome else { return report.delivery = "the daemon restarts" }
        if case .refused(let reason) = outcome { report.delivery = "the event was refused: \(reason)" }
        let end = Clock.monotonic + Self.patience
        for canary in canaries where !canary.receives(Array(text.utf8), until: end) {
            if let reason = refusal.withLock({ $0 }) {
                report.history = "the event cannot be stored: \(reason)"
                report.delivery = "the event was not published"
            } else {
                report.delivery = "the event did not arrive within \(Self.patience / 1000) s"
            }
            return
        }
        report.nanoseconds = Clock.monotonicNanoseconds - began
    }
}

/// The client's end of a subscriber that a check makes.
private final class Canary {
    /// What the loop writes first; see ``Reactor/watchCanary(_:)``.
    static let greeting = Array(":canary\n".utf8)

    private let socket: Descriptor
    private var received: [UInt8] = []

    init(_ socket: consuming Descriptor) { self.socket = socket }

    /// Whether some bytes arrive before a time of the monotonic clock, in milliseconds.
    func receives(_ expected: [UInt8], until end: UInt64) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while received.firstRange(of: expected) == nil {
            let now = Clock.monotonic
            guard now < end, socket.waitForInput(milliseconds: end - now) else { return false }
            switch socket.read(into: &buffer) {
            case .bytes(let count): received += buffer[..<count]
            case .wouldBlock: continue
            case .end, .failed: return false
            }
        }
        return true
    }
}
