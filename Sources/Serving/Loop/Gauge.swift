import Synchronization

/// A number that any thread may change and read.
struct Gauge: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }

    /// Sets it to an amount that is higher. Only for a thread that is alone in changing it.
    func raise(to amount: Int) {
        if amount > current { value.store(amount, ordering: .relaxed) }
    }

    var current: Int { value.load(ordering: .relaxed) }
}
