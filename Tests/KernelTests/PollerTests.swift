import Glibc
import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

@Suite(.endsInTime()) struct `A poller` {
    @Test func `reports an edge once, and again with new input`() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.watch(pair.near, token: 7)
        #expect(try poller.wait(milliseconds: 1000) == 1)
        #expect(poller[0].token == 7 && poller[0].readiness == .output)
        #expect(try poller.wait(milliseconds: 0) == 0)
        _ = pair.far.send([1])
        #expect(try poller.wait(milliseconds: 1000) == 1)
        #expect(poller[0].readiness.contains(.input))
        #expect(try poller.wait(milliseconds: 0) == 0)
        _ = pair.far.send([2])
        #expect(try poller.wait(milliseconds: 1000) == 1)
    }

    @Test func `reports a peer that has closed`() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.watch(pair.near, token: 7)
        _ = try poller.wait(milliseconds: 0)
        pair.far.finishSending()
        #expect(try poller.wait(milliseconds: 1000) == 1)
        #expect(poller[0].readiness.isHangUp)
    }

    @Test func `no longer reports a closed descriptor`() throws {
        var poller = try Poller()
        do {
            let pair = try Pair()
            try poller.watch(pair.near, token: 7)
        }
        #expect(try poller.wait(milliseconds: 0) == 0)
    }

    @Test func `is woken by another thread`() throws {
        let shared = Shared(try Wakeup())
        var poller = try Poller()
        try poller.watchInput(shared.wakeup.descriptor, token: 1)
        let thread = try Thread(named: "notifier") { shared.wakeup.notify() }
        #expect(try poller.wait(milliseconds: 5000) == 1)
        thread.join()
        shared.wakeup.clear()
        #expect(try poller.wait(milliseconds: 0) == 0)
    }

    @Test func `waits again when a signal interrupts it`() throws {
        var poller = try Poller()
        #expect(
            try InjectedFailures.with(.epollWait, [.interrupted]) { () throws(Errno) in try poller.wait(milliseconds: 0)
            } == 0)
    }

    private final class Shared: Sendable {
        let wakeup: Wakeup

        init(_ wakeup: consuming Wakeup) { self.wakeup = wakeup }
    }
}
