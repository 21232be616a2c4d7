public import Synchronization

/// A value that is only reached under its lock.
///
/// It is the standard library's `Mutex`, with an atomic beside it that is read after locking and written before
/// unlocking. The lock alone would do: but it lives in a library that the thread sanitizer does not see into, which
/// then takes every use for a race. What it sees of the atomic are plain loads and stores on x86-64.
public struct Guarded<Value>: ~Copyable, Sendable {
    @usableFromInline let mutex: Mutex<Value>
    @usableFromInline let edge = Atomic<UInt8>(0)

    /// Puts a value under a lock.
    @inlinable
    public init(_ value: sending Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` under the lock, which must not be taken again within it.
    @inlinable
    public borrowing func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result {
        mutex.withLock { value in
            _ = edge.load(ordering: .acquiring)
            defer { edge.store(0, ordering: .releasing) }
            return body(&value)
        }
    }
}
