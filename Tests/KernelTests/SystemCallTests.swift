import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

@Suite(.endsInTime()) struct `A system call` {
    @Test func `is repeated after a signal has interrupted it`() throws {
        let pair = try Pair()
        let outcome = InjectedFailures.with(.send, [.interrupted, .interrupted]) { pair.near.send([1]) }
        #expect(outcome == .wrote(1))
    }

    @Test func `returns expected failures as values and throws the others`() throws {
        let pair = try Pair()
        #expect(InjectedFailures.with(.send, [.connectionReset]) { pair.near.send([1]) } == .failed(.connectionReset))
        #expect(InjectedFailures.with(.send, [.wouldBlock]) { pair.near.send([1]) } == .wouldBlock)
        var buffer = [UInt8](repeating: 0, count: 8)
        let outcome = InjectedFailures.with(.read, [.connectionReset]) {
            pair.near.read(into: &buffer)
        }
        #expect(outcome == .failed(.connectionReset))
        #expect(throws: Errno.noMemory) {
            try InjectedFailures.with(.epollCreate, [.noMemory]) { () throws(Errno) in _ = try Poller() }
        }
    }
}
