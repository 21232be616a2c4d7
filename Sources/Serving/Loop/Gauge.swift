import Synchronization

/// A number that any thread may change and read.
struct Gauge: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }

    var current: Int { value.load(ordering: .relaxed) }
}
