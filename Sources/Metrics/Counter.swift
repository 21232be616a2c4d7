import Synchronization

/// A number that one thread raises and any thread reads.
public struct Counter: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    /// Nothing so far.
    public init() {}

    /// Adds an amount. Only for the one thread that writes: this is no read-modify-write, and so as cheap as an addition.
    @inline(__always)
    public func add(_ amount: Int) {
        value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// The number, which may be a moment old.
    public var current: Int { value.load(ordering: .relaxed) }
}
