import Broadcasting
import DequeModule
import Kernel
import Synchronization
import SystemPackage

/// A few threads that take work from one queue, which has a limit.
final class VerifierPool: Sendable {
    private struct State {
        var waiting: Deque<@Sendable () -> Void> = []
        var limit: Int
        /// How many threads wait for work and have not been woken.
        var idle = 0
        var hasEnded = false
    }

    private let state: Guarded<State>
    private let wakeup: Wakeup
    private let threads = Mutex<[JoinableThread]>([])

    /// - Parameter limit: the most pieces of work that wait.
    init(threads count: Int, limit: Int) throws(Errno) {
        state = Guarded(State(limit: limit))
        wakeup = try Wakeup(addsUp: true)
        for index in 0..<count {
            let thread = JoinableThread(try Thread(named: "crier-verify-\(index)") { [self] in run() })
            threads.withLock { $0.append(thread) }
        }
    }

    /// Changes the most pieces of work that wait.
    func apply(limit: Int) { state.withLock { $0.limit = limit } }

    /// Queues work for one of the threads.
    ///
    /// - Returns: false when the queue is full.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (isQueued, isIdle) = state.withLock { state -> (Bool, Bool) in
            guard state.waiting.count < state.limit else { return (false, false) }
            state.waiting.append(work)
            guard state.idle > 0 else { return (true, false) }
            state.idle -= 1
            return (true, true)
        }
        if isIdle { wakeup.notify() }
        return isQueued
    }

    /// Ends the threads, without the work that waits.
    func stop() {
        state.withLock { $0.hasEnded = true }
        wakeup.notify()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func run() {
        while true {
            let (work, hasEnded) = state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
                if state.hasEnded { return (nil, true) }
                let work = state.waiting.popFirst()
                if work == nil { state.idle += 1 }
                return (work, false)
            }
            if hasEnded { return wakeup.notify() }
            if let work {
                work()
                continue
            }
            _ = wakeup.wait(milliseconds: -1)
            // The other threads must see the end too.
            if !state.withLock(\.hasEnded) { wakeup.clear() }
        }
    }
}
