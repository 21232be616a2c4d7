import Synchronization

/// A number that one thread changes and any thread reads.
struct Gauge: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }

    var current: Int { value.load(ordering: .relaxed) }
}
