import Dispatch
import Synchronization

/// Does asynchronous work on the calling thread, and waits for it. jwt-kit adds keys to an actor; crier reads keys at its
/// start, at a reload and on a thread that may wait, never on a loop.
func wait<Value: Sendable>(for work: @escaping @Sendable () async -> Value) -> Value {
    let outcome = Outcome<Value>()
    let executor = CallingThread()
    Task.detached(executorPreference: executor) {
        let value = await work()
        outcome.value.withLock { $0 = value }
    }
    while true {
        executor.runNext()
        if let value = outcome.value.withLock({ $0 }) { return value }
    }
}

private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

/// Runs the steps of a task on the thread that calls ``runNext()``. The threads of Swift's own executor may all wait
/// likewise, and then nobody would run them.
private final class CallingThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        arrivals.signal()
    }

    /// Waits for the next step and runs it.
    func runNext() {
        arrivals.wait()
        let job = jobs.withLock { $0.removeFirst() }
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
