import Glibc
import Kernel
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The signals` {
    @Test func `arrive as input`() async throws {
        // In a separate process: all threads that start later inherit the blocked signals.
        await #expect(processExitsWith: .exitCode(0)) {
            let signals = try Signals(collecting: [.hangUp, .terminate])
            var poller = try Poller()
            try poller.watchInput(signals.descriptor, token: 1)
            // To this thread: earlier threads of the test runner do not block the signal.
            pthread_kill(pthread_self(), SIGHUP)
            guard try poller.wait(milliseconds: 5000) == 1, signals.next() == .hangUp, signals.next() == nil else {
                exit(1)
            }
            exit(0)
        }
    }
}
