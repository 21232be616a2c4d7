import Kernel
import Synchronization

/// A thread that returns measurements.
final class WorkerThread: Sendable {
    private let thread: Mutex<Thread?>
    private let result: Result

    private final class Result: Sendable {
        let measurements = Mutex(Measurements())
        let isDone = Atomic(false)
    }

    init(_ name: String, _ body: @escaping @Sendable () throws -> Measurements) throws {
        let result = Result()
        self.result = result
        let thread = try Thread(named: name) {
            do {
                let measurements = try body()
                result.measurements.withLock { $0 = measurements }
            } catch {
                result.measurements.withLock { $0.fail("\(error)") }
            }
            result.isDone.store(true, ordering: .releasing)
        }
        self.thread = Mutex(thread)
    }

    var isDone: Bool { result.isDone.load(ordering: .acquiring) }

    /// Waits for the end of the thread and returns its measurements; a thread that threw returns a failure.
    func join() -> Measurements {
        if let thread = thread.withLock({ $0.take() }) { thread.join() }
        return result.measurements.withLock { $0 }
    }
}
