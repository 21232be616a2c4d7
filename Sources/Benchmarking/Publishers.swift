import Kernel
import Synchronization
import SystemPackage

/// The thread that publishes.
struct Publishers: ~Copyable {
    private let workload: Workload
    private let course: Course
    /// Subscribers of each channel that wait for what is published in lockstep.
    private let listeners: [Int]
    private var poller: Poller
    private var connections: [PublisherConnection] = []
    /// Those that may publish now, the longest idle last.
    private var idle: [Int] = []
    private var nextDue: UInt64 = 0
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    private(set) var tally = Tally()

    private static var bell: UInt64 { .max }
    /// Events in one chunk of a stream.
    private static var chunk: Int { 64 }

    init(_ workload: Workload, _ course: Course, listeners: [Int]) throws(Errno) {
        let poller = try Poller(capacity: 256)
        try poller.watchInput(course.bell.descriptor, token: Self.bell)
        var connections: [PublisherConnection] = []
        for number in 0..<workload.publishers {
            let connection = try PublisherConnection(number, workload)
            try poller.watch(connection.socket, token: UInt64(number))
            connections.append(connection)
        }
        self.poller = poller
        self.workload = workload
        self.course = course
        self.listeners = listeners
        self.connections = connections
        idle = Array(connections.indices.reversed())
    }

    /// Publishes until the course says that it is enough, and waits for the last answers.
    mutating func run() {
        nextDue = Clock.monotonicNanoseconds
        if workload.pace == .streaming {
            for connection in connections { connection.beginStream() }
            idle = []
        }
        var end: UInt64 = .max
        while true {
            let isEnding = course.phase.rawValue >= Course.Phase.finishing.rawValue
            if isEnding, end == .max {
                end = Clock.monotonic + workload.patience
                for connection in connections { connection.endStream() }
            }
            if isEnding, connections.allSatisfy(\.isIdle) { break }
            if Clock.monotonic > end {
                tally.fail("a publish was not answered in time")
                break
            }
            if !isEnding { publish() }
            let isStreaming = workload.pace == .streaming
            for index in connections.indices where isStreaming && !connections[index].isIdle {
                write(index, mayAdd: !isEnding)
            }
            let ready = (try? poller.wait(milliseconds: patience)) ?? 0
            for report in 0..<ready {
                let token = poller[report].token
                if token == Self.bell {
                    course.bell.silence()
                } else {
                    read(Int(token))
                    if !isStreaming { write(Int(token), mayAdd: false) }
                }
            }
        }
        tally.sent = connections.map(\.sent)
        for connection in connections { try? connection.socket.resetWhenClosed() }
    }

    /// Milliseconds until something is to be done.
    private var patience: Int {
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
                course.delivered.load(ordering: .sequentiallyConsistent)
                >= course.target.load(ordering: .sequentiallyConsistent)
            if isComplete, let index = idle.popLast() { publish(index, time: nil) }
        case .rate(let rate):
            let now = Clock.monotonicNanoseconds
            while nextDue <= now, let index = idle.popLast() {
                // An event that had to wait for a connection is as old as its turn; the generator's own clock, which
                // wakes it a little late, is not the server's fault.
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
            return tally.fail("a publisher could not connect: \(error)")
        }
        if workload.pace == .lockstep {
            // Before it is sent: nobody must have it before the target is set.
            let channel = workload.destination(of: connection.sent, from: index).channel
            let target = course.delivered.load(ordering: .sequentiallyConsistent) + listeners[channel]
            course.target.store(target, ordering: .sequentiallyConsistent)
        }
        _ = connection.publish(time: time ?? Clock.monotonicNanoseconds)
        write(index, mayAdd: false)
    }

    /// Writes on; a stream gets further events for as long as the server takes them, up to a share of this turn.
    private mutating func write(_ index: Int, mayAdd: Bool) {
        do throws(PublisherConnection.Failure) {
            for _ in 0..<16 {
                guard try connections[index].flush(), mayAdd else { return }
                connections[index].stream(Self.chunk, time: Clock.monotonicNanoseconds)
                course.published.add(Self.chunk, ordering: .relaxed)
                tally.published += Self.chunk
            }
            course.bell.ring()
        } catch {
            dismiss(index, error)
        }
    }

    private mutating func read(_ index: Int) {
        do throws(PublisherConnection.Failure) {
            guard let time = try connections[index].read(&buffer) else { return }
            guard workload.pace != .streaming else { return }
            if course.phase == .measuring { tally.answer.record(nanoseconds: time) }
            tally.published += 1
            course.published.add(1, ordering: .relaxed)
            idle.append(index)
        } catch {
            dismiss(index, error)
        }
    }

    /// A publisher that failed takes no further part.
    private mutating func dismiss(_ index: Int, _ failure: PublisherConnection.Failure) {
        tally.fail(failure.description)
        connections[index].giveUp()
        try? poller.forget(connections[index].socket)
    }
}
