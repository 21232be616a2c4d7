public import Synchronization

/// A value that threads reach only under its lock.
///
/// It is the standard library's `Mutex` with an atomic beside it, which is read after locking and written before
/// unlocking. The lock alone is enough for correctness. The thread sanitizer, however, does not see into the library
/// that contains it, and would report every use as a race. The atomic costs a plain load and a plain store on x86-64.
public struct Guarded<Value>: ~Copyable, Sendable {
    @usableFromInline let mutex: Mutex<Value>
    @usableFromInline let edge = Atomic<UInt8>(0)

    /// Puts a value under a lock.
    @inlinable
    public init(_ value: sending Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` under the lock. `body` must not take the same lock again.
    @inlinable
    public borrowing func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result {
        mutex.withLock { value in
            _ = edge.load(ordering: .acquiring)
            defer { edge.store(0, ordering: .releasing) }
            return body(&value)
        }
    }
}
