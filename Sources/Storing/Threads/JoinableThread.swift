import Kernel
import Synchronization

/// A thread that any other thread can join, once.
final class JoinableThread: Sendable {
    private let thread: Mutex<Thread?>

    init(_ thread: consuming sending Thread) { self.thread = Mutex(thread) }

    func join() { thread.withLock { $0.take() }?.join() }
}
