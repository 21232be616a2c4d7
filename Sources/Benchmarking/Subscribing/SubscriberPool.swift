import HTTPMessages
import Kernel
import Synchronization
import SystemPackage

/// One thread's share of the subscribers.
struct SubscriberPool: ~Copyable {
    private let workload: Workload
    private let runState: RunState
    private var poller: Poller
    private var subscribers: [Subscriber?] = []
    /// The subscribers still to connect, the last one first.
    private var pending: [(channel: Int, pace: Subscriber.ReadingPace)]
    private var connecting = 0
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    private var deliveredInBatch = 0
    private var bytesInBatch = 0
    private var nextTick: UInt64 = 0
    private var connectsDue = 0.0
    private var freeIndices: [Int] = []
    private(set) var measurements = Measurements()

    /// Milliseconds between two reads of slow subscribers, and between two openings of connect-only ones.
    private static var tickInterval: UInt64 { 20 }

    /// - Parameter pending: the channel and the pace of each subscriber.
    init(
        _ workload: Workload, _ runState: RunState, _ pending: [(channel: Int, pace: Subscriber.ReadingPace)]
    ) throws(Errno) {
        self.workload = workload
        self.runState = runState
        self.pending = pending.reversed()
        poller = try Poller(capacity: 256)
    }

    /// Connects all subscribers and reads until the benchmark is over.
    mutating func run() {
        let hasTicks = workload.slow > 0 || workload.connects > 0
        while runState.phase != .over {
            connectPending()
            let ready = (try? poller.wait(milliseconds: hasTicks ? Int(Self.tickInterval) : 50)) ?? 0
            for index in 0..<ready {
                let (token, readiness) = poller[index]
                guard let subscriber = subscribers[Int(token)] else { continue }
                if readiness.contains(.output), subscriber.progress == .connecting { request(subscriber, Int(token)) }
                if readiness.isHangUp, subscriber.pace == .slow || subscriber.pace == .stalled {
                    lose(subscriber, Int(token), "the server closed the connection")
                } else if readiness.contains(.input) || readiness.isHangUp {
                    read(subscriber, Int(token), toEnd: readiness.isHangUp)
                }
            }
            runState.add(delivered: deliveredInBatch, bytes: bytesInBatch)
            (deliveredInBatch, bytesInBatch) = (0, 0)
            if hasTicks { tick() }
        }
        for subscriber in subscribers { if let subscriber { close(subscriber) } }
        for case .some(let subscriber) in subscribers where subscriber.pace != .connectOnly {
            measurements.add(subscriber)
        }
    }

    private mutating func connectPending() {
        while connecting < workload.arriving, let (channel, pace) = pending.popLast() {
            if open(channel, pace) {
                connecting += 1
            } else if pace != .connectOnly {
                runState.connected.add(1, ordering: .relaxed)
            }
        }
    }

    private mutating func open(_ channel: Int, _ pace: Subscriber.ReadingPace) -> Bool {
        let index = freeIndices.popLast() ?? subscribers.count
        do throws(Errno) {
            let socket = try Descriptor.beginConnecting(to: workload.subscribe.address)
            let subscriber = Subscriber(
                socket, channel: channel, pace: pace, began: Clock.monotonicNanoseconds,
                publishers: workload.publishers, size: max(workload.size, Stamp.minimum))
            if index == subscribers.count { subscribers.append(subscriber) } else { subscribers[index] = subscriber }
            try poller.watch(subscriber.socket, token: UInt64(index))
            return true
        } catch {
            measurements.fail("could not connect: \(error)")
            return false
        }
    }

    private mutating func request(_ subscriber: Subscriber, _ index: Int) {
        let target = workload.subscribe.target(workload.channel(subscriber.channel))
        let head =
            "GET \(target) HTTP/1.1\r\nHost: \(workload.subscribe.authority)\r\nAccept: text/event-stream\r\n"
            + workload.fields.map { $0 + "\r\n" }.joined() + "\r\n"
        guard case .wrote(head.utf8.count) = subscriber.socket.send(Array(head.utf8)) else {
            return lose(subscriber, index, "a connection was refused or lost before the request was sent")
        }
        subscriber.progress = .requesting
    }

    /// - Parameter toEnd: whether the peer has finished sending. The poller reports that once, and a short read does
    ///   not reach the end.
    private mutating func read(_ subscriber: Subscriber, _ index: Int, atMost limit: Int = .max, toEnd: Bool = false) {
        if subscriber.progress == .open, subscriber.pace == .stalled { return }
        if subscriber.progress == .open, subscriber.pace == .slow, limit == .max { return }
        var left = limit
        while left > 0, subscriber.progress != .closed {
            let wasOpen = subscriber.progress == .open
            if left < buffer.count { buffer.removeLast(buffer.count - left) }
            defer { if limit < .max { buffer = [UInt8](repeating: 0, count: 256 * 1024) } }
            switch subscriber.socket.read(into: &buffer) {
            case .wouldBlock: return
            case .end, .failed: return lose(subscriber, index, "a stream ended")
            case .bytes(let count):
                left -= count
                take(count, subscriber, index)
                if !wasOpen, subscriber.progress == .open { opened(subscriber, index) }
                if count < buffer.count && !toEnd || subscriber.pace != .immediate { return }
            }
        }
    }

    private mutating func take(_ count: Int, _ subscriber: Subscriber, _ index: Int) {
        let now = Clock.monotonicNanoseconds
        let isMeasuring = runState.phase == .measuring
        let before = subscriber.received
        do throws(Subscriber.Failure) {
            try subscriber.take(buffer, count: count, now: now) { age in
                if isMeasuring, subscriber.pace == .immediate { measurements.delivery.record(nanoseconds: age) }
            }
        } catch {
            lose(subscriber, index, error.description)
        }
        guard subscriber.pace == .immediate else { return }
        deliveredInBatch += subscriber.received - before
        bytesInBatch += count
    }

    private mutating func opened(_ subscriber: Subscriber, _ index: Int) {
        connecting -= 1
        let time = Clock.monotonicNanoseconds - subscriber.began
        if subscriber.pace == .connectOnly {
            if runState.phase == .measuring { measurements.connectOnly.record(nanoseconds: time) }
            discard(subscriber, index)
        } else {
            measurements.connect.record(nanoseconds: time)
            runState.connected.add(1, ordering: .relaxed)
        }
    }

    private mutating func lose(_ subscriber: Subscriber, _ index: Int, _ reason: String) {
        guard subscriber.progress != .closed else { return }
        if subscriber.progress != .open {
            connecting -= 1
            if subscriber.pace != .connectOnly { runState.connected.add(1, ordering: .relaxed) }
        }
        switch subscriber.pace {
        case .immediate, .connectOnly: measurements.fail(reason)
        case .slow, .stalled: measurements.cut += 1
        }
        if subscriber.pace == .connectOnly { discard(subscriber, index) } else { close(subscriber) }
    }

    private func close(_ subscriber: Subscriber) {
        // A reset leaves no port in TIME_WAIT: the next run needs them.
        if subscriber.progress != .closed { try? subscriber.socket.resetWhenClosed() }
        subscriber.progress = .closed
        try? poller.unwatch(subscriber.socket)
    }

    private mutating func discard(_ subscriber: Subscriber, _ index: Int) {
        close(subscriber)
        subscribers[index] = nil
        freeIndices.append(index)
    }

    /// Reads a little for slow subscribers, and opens connect-only ones.
    private mutating func tick() {
        let now = Clock.monotonic
        guard now >= nextTick else { return }
        nextTick = now + Self.tickInterval
        if workload.slow > 0 {
            let share = max(1, workload.slowRate * Int(Self.tickInterval) / 1000)
            for (index, subscriber) in subscribers.enumerated() {
                if let subscriber, subscriber.pace == .slow, subscriber.progress == .open {
                    read(subscriber, index, atMost: share)
                }
            }
        }
        guard workload.connects > 0, runState.phase == .measuring else { return }
        connectsDue += workload.connects * Double(Self.tickInterval) / 1000
        while connectsDue >= 1 {
            connectsDue -= 1
            if open(0, .connectOnly) { connecting += 1 }
        }
    }
}
