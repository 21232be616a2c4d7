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

    @Test func `reports a peer that has gone`() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.watch(pair.near, token: 7)
        _ = try poller.wait(milliseconds: 0)
        pair.far.finishSending()
        #expect(try poller.wait(milliseconds: 1000) == 1)
        #expect(poller[0].readiness.isHangUp)
    }

    @Test func `forgets a descriptor that is closed`() throws {
        var poller = try Poller()
        do {
            let pair = try Pair()
            try poller.watch(pair.near, token: 7)
        }
        #expect(try poller.wait(milliseconds: 0) == 0)
    }

    @Test func `is woken by another thread`() throws {
        let bell = Bell(try Wakeup())
        var poller = try Poller()
        try poller.watchInput(bell.wakeup.descriptor, token: 1)
        let thread = try Thread(named: "ringer") { bell.wakeup.ring() }
        #expect(try poller.wait(milliseconds: 5000) == 1)
        thread.join()
        bell.wakeup.silence()
        #expect(try poller.wait(milliseconds: 0) == 0)
    }

    @Test func `waits again when a signal interrupts it`() throws {
        var poller = try Poller()
        #expect(
            try InjectedFailures.with(.epollWait, [.interrupted]) { () throws(Errno) in try poller.wait(milliseconds: 0)
            } == 0)
    }

    private final class Bell: Sendable {
        let wakeup: Wakeup

        init(_ wakeup: consuming Wakeup) { self.wakeup = wakeup }
    }
}

@Suite(.endsInTime()) struct `The signals` {
    @Test func `arrive as input`() async throws {
        // In a process of its own: blocking signals is for all threads that come after.
        await #expect(processExitsWith: .exitCode(0)) {
            let signals = try Signals(collecting: [.hangUp, .terminate])
            var poller = try Poller()
            try poller.watchInput(signals.descriptor, token: 1)
            // To this thread: the test runner has others, from before, that do not block it.
            pthread_kill(pthread_self(), SIGHUP)
            guard try poller.wait(milliseconds: 5000) == 1, signals.next() == .hangUp, signals.next() == nil else {
                exit(1)
            }
            exit(0)
        }
    }
}

@Suite(.endsInTime()) struct `The clock` {
    @Test func `does not go back, and agrees with itself`() {
        let first = Clock.monotonic
        #expect(Clock.monotonic >= first)
        #expect(Clock.monotonicMicroseconds / 1000 >= first)
        #expect(Clock.realtime > 1_700_000_000_000)
    }
}
