import HTTPMessages
import Kernel
import Synchronization
import SystemPackage

/// One thread's share of the subscribers.
struct Crowd: ~Copyable {
    private let workload: Workload
    private let course: Course
    private var poller: Poller
    private var members: [Subscriber?] = []
    /// Who is still to come: the last one first.
    private var awaited: [(channel: Int, temper: Subscriber.Temper)]
    private var underWay = 0
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    private var deliveredInBatch = 0
    private var bytesInBatch = 0
    private var nextTick: UInt64 = 0
    private var visitsOwed = 0.0
    private var freePlaces: [Int] = []
    private(set) var tally = Tally()

    /// Milliseconds between two looks at the slow ones and at who is to visit.
    private static var tick: UInt64 { 20 }

    /// - Parameter awaited: the channel and the temper of each subscriber.
    init(_ workload: Workload, _ course: Course, _ awaited: [(channel: Int, temper: Subscriber.Temper)]) throws(Errno) {
        self.workload = workload
        self.course = course
        self.awaited = awaited.reversed()
        poller = try Poller(capacity: 256)
    }

    /// Subscribes everybody and reads until the course is over.
    mutating func run() {
        let hasTicks = workload.slow > 0 || workload.connects > 0
        while course.phase != .over {
            arrive()
            let ready = (try? poller.wait(milliseconds: hasTicks ? Int(Self.tick) : 50)) ?? 0
            for index in 0..<ready {
                let (token, readiness) = poller[index]
                guard let member = members[Int(token)] else { continue }
                if readiness.contains(.output), member.progress == .connecting { ask(member, Int(token)) }
                if readiness.isHangUp, member.temper == .slow || member.temper == .stalled {
                    lose(member, Int(token), "it was cut off")
                } else if readiness.contains(.input) || readiness.isHangUp {
                    read(member, Int(token), toEnd: readiness.isHangUp)
                }
            }
            course.note(delivered: deliveredInBatch, bytes: bytesInBatch)
            (deliveredInBatch, bytesInBatch) = (0, 0)
            if hasTicks { beat() }
        }
        for member in members { if let member { close(member) } }
        for case .some(let member) in members where member.temper != .visitor { tally.add(member) }
    }

    private mutating func arrive() {
        while underWay < workload.arriving, let (channel, temper) = awaited.popLast() {
            if open(channel, temper) {
                underWay += 1
            } else if temper != .visitor {
                course.arrived.add(1, ordering: .relaxed)
            }
        }
    }

    private mutating func open(_ channel: Int, _ temper: Subscriber.Temper) -> Bool {
        let place = freePlaces.popLast() ?? members.count
        do throws(Errno) {
            let socket = try Descriptor.beginConnecting(to: workload.subscribe.address)
            let member = Subscriber(
                socket, channel: channel, temper: temper, began: Clock.monotonicNanoseconds,
                publishers: workload.publishers, size: max(workload.size, Stamp.minimum))
            if place == members.count { members.append(member) } else { members[place] = member }
            try poller.watch(member.socket, token: UInt64(place))
            return true
        } catch {
            tally.fail("a connection could not be made: \(error)")
            return false
        }
    }

    private mutating func ask(_ member: Subscriber, _ place: Int) {
        let target = workload.subscribe.target(workload.channel(member.channel))
        let head =
            "GET \(target) HTTP/1.1\r\nHost: \(workload.subscribe.authority)\r\nAccept: text/event-stream\r\n"
            + workload.fields.map { $0 + "\r\n" }.joined() + "\r\n"
        guard case .wrote(head.utf8.count) = member.socket.send(Array(head.utf8)) else {
            return lose(member, place, "a connection was refused or lost before the request was out")
        }
        member.progress = .asking
    }

    /// - Parameter toEnd: the peer has finished sending, which is told once; a short read leaves the end unseen.
    private mutating func read(_ member: Subscriber, _ place: Int, atMost limit: Int = .max, toEnd: Bool = false) {
        if member.progress == .open, member.temper == .stalled { return }
        if member.progress == .open, member.temper == .slow, limit == .max { return }
        var left = limit
        while left > 0, member.progress != .gone {
            let wasOpen = member.progress == .open
            if left < buffer.count { buffer.removeLast(buffer.count - left) }
            defer { if limit < .max { buffer = [UInt8](repeating: 0, count: 256 * 1024) } }
            switch member.socket.read(into: &buffer) {
            case .wouldBlock: return
            case .end, .failed: return lose(member, place, "a stream ended")
            case .bytes(let count):
                left -= count
                take(count, member, place)
                if !wasOpen, member.progress == .open { opened(member, place) }
                if count < buffer.count && !toEnd || member.temper != .prompt { return }
            }
        }
    }

    private mutating func take(_ count: Int, _ member: Subscriber, _ place: Int) {
        let now = Clock.monotonicNanoseconds
        let isMeasuring = course.phase == .measuring
        let before = member.got
        do throws(Subscriber.Failure) {
            try member.take(buffer, count: count, now: now) { age in
                if isMeasuring, member.temper == .prompt { tally.delivery.record(nanoseconds: age) }
            }
        } catch {
            lose(member, place, error.description)
        }
        guard member.temper == .prompt else { return }
        deliveredInBatch += member.got - before
        bytesInBatch += count
    }

    private mutating func opened(_ member: Subscriber, _ place: Int) {
        underWay -= 1
        let time = Clock.monotonicNanoseconds - member.began
        if member.temper == .visitor {
            if course.phase == .measuring { tally.visit.record(nanoseconds: time) }
            leave(member, place)
        } else {
            tally.arrival.record(nanoseconds: time)
            course.arrived.add(1, ordering: .relaxed)
        }
    }

    private mutating func lose(_ member: Subscriber, _ place: Int, _ why: String) {
        guard member.progress != .gone else { return }
        if member.progress != .open {
            underWay -= 1
            if member.temper != .visitor { course.arrived.add(1, ordering: .relaxed) }
        }
        switch member.temper {
        case .prompt, .visitor: tally.fail(why)
        case .slow, .stalled: tally.cut += 1
        }
        if member.temper == .visitor { leave(member, place) } else { close(member) }
    }

    private func close(_ member: Subscriber) {
        // A reset leaves nothing in TIME_WAIT: the next run needs the ports.
        if member.progress != .gone { try? member.socket.resetWhenClosed() }
        member.progress = .gone
        try? poller.forget(member.socket)
    }

    private mutating func leave(_ member: Subscriber, _ place: Int) {
        close(member)
        members[place] = nil
        freePlaces.append(place)
    }

    /// Lets the slow read a little, and visitors come.
    private mutating func beat() {
        let now = Clock.monotonic
        guard now >= nextTick else { return }
        nextTick = now + Self.tick
        if workload.slow > 0 {
            let share = max(1, workload.slowRate * Int(Self.tick) / 1000)
            for (place, member) in members.enumerated() {
                if let member, member.temper == .slow, member.progress == .open {
                    read(member, place, atMost: share)
                }
            }
        }
        guard workload.connects > 0, course.phase == .measuring else { return }
        visitsOwed += workload.connects * Double(Self.tick) / 1000
        while visitsOwed >= 1 {
            visitsOwed -= 1
            if open(0, .visitor) { underWay += 1 }
        }
    }
}
