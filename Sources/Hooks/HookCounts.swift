import Synchronization

/// Counts of the messages of all hooks since the start.
public final class HookCounts: Sendable {
    private let deliveries = Atomic(0)
    private let failures = Atomic(0)
    private let drops = Atomic(0)

    /// Delivered messages.
    public var delivered: Int { deliveries.load(ordering: .relaxed) }
    /// Attempts that failed; crier makes another one.
    public var failed: Int { failures.load(ordering: .relaxed) }
    /// Messages that never arrived: their queue was full, or they became too old.
    public var dropped: Int { drops.load(ordering: .relaxed) }

    init() {}

    func add(delivered: Int = 0, failed: Int = 0, dropped: Int = 0) {
        deliveries.add(delivered, ordering: .relaxed)
        failures.add(failed, ordering: .relaxed)
        drops.add(dropped, ordering: .relaxed)
    }
}
