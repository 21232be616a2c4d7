import Glibc
import Kernel
import Synchronization
import Testing
import TimeLimits

@testable import Authorizing

@Suite(.endsInTime()) struct `The threads that verify` {
    private final class Meeting: Sendable {
        let arrived = Atomic(0)
        let left = Atomic(0)
    }

    @Test func `all work whenever there is work for all of them`() throws {
        let pool = try VerifierPool(threads: 3, limit: 100)
        defer { pool.stop() }
        for _ in 0..<500 {
            let meeting = Meeting()
            // None of the three pieces of work ends before all of them have begun.
            for _ in 0..<3 {
                let isQueued = pool.submit {
                    meeting.arrived.add(1, ordering: .sequentiallyConsistent)
                    while meeting.arrived.load(ordering: .sequentiallyConsistent) < 3 { sched_yield() }
                    meeting.left.add(1, ordering: .sequentiallyConsistent)
                }
                #expect(isQueued)
            }
            while meeting.left.load(ordering: .sequentiallyConsistent) < 3 { sched_yield() }
        }
    }
}
