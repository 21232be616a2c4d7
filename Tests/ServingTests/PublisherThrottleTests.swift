import Kernel
import Testing
import TimeLimits

@testable import Broadcasting
@testable import Serving

@Suite(.endsInTime()) struct `The publisher throttle` {
    @Test func `brings relief once when the backlog of a channel falls to its limit`() throws {
        let port = try LoopPort()
        let throttle = PublisherThrottle([port])
        let backlog = Backlog()
        let items = (1...5).map { item($0, work: 10, backlog) }
        port.mailbox.deliver(items)
        #expect(
            throttle.mustWait([backlog], limit: 49) && !throttle.mustWait([backlog], limit: 50)
                && !throttle.mustWait([], limit: 49))
        var reliefs: [Int] = []
        for item in items {
            throttle.finish([item], on: port, limit: 30)
            reliefs.append(throttle.relief)
        }
        #expect(reliefs == [0, 1, 1, 1, 1])
        #expect(backlog.current == 0 && port.mailbox.backlog.current == 0)
    }

    @Test func `brings relief once when the backlog of a loop falls, even when that of a channel falls too`() throws {
        let port = try LoopPort()
        let throttle = PublisherThrottle([port])
        // No backlog of the nine channels exceeds the limit, but the loop has more than eight times the limit.
        let items = (1...9).map { item($0, work: 1) }
        port.mailbox.deliver(items)
        #expect(throttle.mustWait([], limit: 1) && !throttle.mustWait([], limit: 2))
        for item in items { throttle.finish([item], on: port, limit: 1) }
        #expect(throttle.relief == 1)
        let large = item(10, work: 9, bytes: 9)
        port.mailbox.deliver([large])
        throttle.finish([large], on: port, limit: 1)
        #expect(throttle.relief == 2)
    }

    @Test func `frees each backlog of several items at once`() throws {
        let port = try LoopPort()
        let throttle = PublisherThrottle([port])
        let (old, new) = (Backlog(), Backlog())
        let items = [item(1, work: 10, old), item(2, work: 20, new), item(3, work: 30, new), item(4, work: 40, old)]
        port.mailbox.deliver(items)
        #expect(old.current == 50 && new.current == 50)
        throttle.finish(items[..<3], on: port, limit: 100)
        #expect(old.current == 40 && new.current == 0)
        throttle.finish(items[3...], on: port, limit: 100)
        #expect(old.current == 0 && port.mailbox.backlog.current == 0)
    }

    @Test func `does not hold the publishers of other channels for a large event to many subscribers`() throws {
        let port = try LoopPort()
        let throttle = PublisherThrottle([port])
        let (busy, other) = (Backlog(), Backlog())
        port.mailbox.deliver([item(1, work: 3000 << 20, bytes: 1 << 20, busy)])
        #expect(throttle.mustWait([busy], limit: 16 << 20) && !throttle.mustWait([other], limit: 16 << 20))
    }

    @Test func `wakes a loop with waiting publishers once`() throws {
        let (port, other) = (try LoopPort(), try LoopPort())
        let throttle = PublisherThrottle([port, other])
        func relieve() {
            let item = item(1, work: 100)
            port.mailbox.deliver([item])
            throttle.finish([item], on: port, limit: 10)
        }
        #expect(other.mailbox.prepareToSleep())
        relieve()
        #expect(!other.wakeup.wasNotified, "no publisher waits on that loop")
        throttle.announceWaiting(on: 1)
        relieve()
        #expect(other.wakeup.wasNotified)
        #expect(other.mailbox.prepareToSleep())
        relieve()
        #expect(!other.wakeup.wasNotified)
    }
}

extension SharedWakeup {
    /// Whether a thread has notified it since the last call.
    fileprivate var wasNotified: Bool {
        var buffer = [UInt8](repeating: 0, count: 8)
        return wakeup.descriptor.read(into: &buffer) == .bytes(8)
    }
}
