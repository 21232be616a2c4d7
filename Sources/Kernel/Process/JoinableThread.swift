import Synchronization

/// A thread that any other thread can join, once.
public final class JoinableThread: Sendable {
    private let thread: Mutex<Thread?>

    /// Takes over a thread.
    public init(_ thread: consuming sending Thread) { self.thread = Mutex(thread) }

    /// Waits until the thread has ended.
    public func join() { thread.withLock { $0.take() }?.join() }
}
