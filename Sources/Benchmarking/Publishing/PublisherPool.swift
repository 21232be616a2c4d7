import Kernel
import Synchronization
import SystemPackage

/// The thread that publishes.
struct PublisherPool: ~Copyable {
    private let workload: Workload
    private let runState: RunState
    /// The number of immediate subscribers of each channel, for lockstep.
    private let listeners: [Int]
    private var poller: Poller
    private var connections: [PublisherConnection] = []
    /// The connections that may publish now, the longest idle last.
    private var idle: [Int] = []
    private var nextDue: UInt64 = 0
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    private(set) var measurements = Measurements()

    private static var wakeupToken: UInt64 { .max }
    /// Events in one chunk of a stream.
    private static var chunk: Int { 64 }

    init(_ workload: Workload, _ runState: RunState, listeners: [Int]) throws(Errno) {
        let poller = try Poller(capacity: 256)
        try poller.watchInput(runState.wakeup.descriptor, token: Self.wakeupToken)
        var connections: [PublisherConnection] = []
        for number in 0..<workload.publishers {
            let connection = try PublisherConnection(number, workload)
            try poller.watch(connection.socket, token: UInt64(number))
            connections.append(connection)
        }
        self.poller = poller
        self.workload = workload
        self.runState = runState
        self.listeners = listeners
        self.connections = connections
        idle = Array(connections.indices.reversed())
    }

    /// Publishes until the measuring ends, then waits for the last answers.
    mutating func run() {
        nextDue = Clock.monotonicNanoseconds
        if workload.pace == .streaming {
            for connection in connections { connection.beginStream() }
            idle = []
        }
        var end: UInt64 = .max
        while true {
            let isEnding = runState.phase.rawValue >= RunState.Phase.finishing.rawValue
            if isEnding, end == .max {
                end = Clock.monotonic + workload.patience
                for connection in connections { connection.endStream() }
            }
            if isEnding, connections.allSatisfy(\.isIdle) { break }
            if Clock.monotonic > end {
                measurements.fail("a publish was not answered in time")
                break
            }
            if !isEnding { publish() }
            let isStreaming = workload.pace == .streaming
            for index in connections.indices where isStreaming && !connections[index].isIdle {
                write(index, mayAdd: !isEnding)
            }
            let ready = (try? poller.wait(milliseconds: timeout)) ?? 0
            for report in 0..<ready {
                let token = poller[report].token
                if token == Self.wakeupToken {
                    runState.wakeup.clear()
                } else {
                    read(Int(token))
                    if !isStreaming { write(Int(token), mayAdd: false) }
                }
            }
        }
        measurements.sent = connections.map(\.sent)
        for connection in connections { try? connection.socket.resetWhenClosed() }
    }

    /// The most milliseconds to wait in the poller.
    private var timeout: Int {
        guard case .rate = workload.pace, !idle.isEmpty else { return 50 }
        let now = Clock.monotonicNanoseconds
        return nextDue <= now ? 0 : min(50, Int((nextDue - now + 999_999) / 1_000_000))
    }

    private mutating func publish() {
        switch workload.pace {
        case .closedLoop:
            while let index = idle.popLast() { publish(index, time: nil) }
        case .lockstep:
            let isComplete =
                runState.delivered.load(ordering: .sequentiallyConsistent)
                >= runState.target.load(ordering: .sequentiallyConsistent)
            if isComplete, let index = idle.popLast() { publish(index, time: nil) }
        case .rate(let rate):
            let now = Clock.monotonicNanoseconds
            while nextDue <= now, let index = idle.popLast() {
                // An event that waited for a connection counts from the time it was due. A delay under 2 ms comes from
                // the generator's own timer, so then it counts from now.
                publish(index, time: now - nextDue > 2_000_000 ? nextDue : nil)
                nextDue += UInt64(1e9 / rate)
            }
        case .streaming: return
        }
    }

    private mutating func publish(_ index: Int, time: UInt64?) {
        let connection = connections[index]
        do throws(Errno) {
            if try connection.renewIfEnded() { try poller.watch(connection.socket, token: UInt64(index)) }
        } catch {
            return measurements.fail("a publisher could not connect: \(error)")
        }
        if workload.pace == .lockstep {
            // Set the target before sending: a subscriber could otherwise receive the event first.
            let channel = workload.destination(of: connection.sent, from: index).channel
            let target = runState.delivered.load(ordering: .sequentiallyConsistent) + listeners[channel]
            runState.target.store(target, ordering: .sequentiallyConsistent)
        }
        _ = connection.publish(time: time ?? Clock.monotonicNanoseconds)
        write(index, mayAdd: false)
    }

    /// Continues to write. A streaming request gets more events as long as the server takes them, up to a limit for
    /// each turn.
    private mutating func write(_ index: Int, mayAdd: Bool) {
        do throws(PublisherConnection.Failure) {
            for _ in 0..<16 {
                guard try connections[index].flush(), mayAdd else { return }
                connections[index].stream(Self.chunk, time: Clock.monotonicNanoseconds)
                runState.published.add(Self.chunk, ordering: .relaxed)
                measurements.published += Self.chunk
            }
            runState.wakeup.notify()
        } catch {
            drop(index, error)
        }
    }

    private mutating func read(_ index: Int) {
        do throws(PublisherConnection.Failure) {
            guard let time = try connections[index].read(&buffer) else { return }
            guard workload.pace != .streaming else { return }
            if runState.phase == .measuring { measurements.answer.record(nanoseconds: time) }
            measurements.published += 1
            runState.published.add(1, ordering: .relaxed)
            idle.append(index)
        } catch {
            drop(index, error)
        }
    }

    /// Counts the failure of a publisher and stops using it.
    private mutating func drop(_ index: Int, _ failure: PublisherConnection.Failure) {
        measurements.fail(failure.description)
        connections[index].abandon()
        try? poller.unwatch(connections[index].socket)
    }
}
