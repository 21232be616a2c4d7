import Kernel
import Synchronization

/// The state of a benchmark that its threads share.
final class RunState: Sendable {
    /// The steps of a benchmark, in order.
    enum Phase: Int {
        case connecting, warmingUp, measuring
        /// Nobody publishes any more; subscribers receive the last events.
        case finishing
        case over
    }

    private let stage = Atomic<Int>(Phase.connecting.rawValue)
    /// Events that immediate subscribers have received.
    let delivered = Atomic<Int>(0)
    /// Bytes that they have received, including response heads.
    let bytes = Atomic<Int>(0)
    /// Subscribers whose stream is open, and those that could not connect.
    let connected = Atomic<Int>(0)
    /// Events that the server has acknowledged.
    let published = Atomic<Int>(0)
    /// The number of delivered events at which to wake the publishers.
    let target = Atomic<Int>(0)
    /// Wakes the publishers.
    let wakeup: Wakeup

    init() throws {
        wakeup = try Wakeup()
    }

    var phase: Phase { Phase(rawValue: stage.load(ordering: .acquiring))! }

    func enter(_ phase: Phase) {
        stage.store(phase.rawValue, ordering: .releasing)
        wakeup.notify()
    }

    /// Adds the counts of a batch of reads.
    func add(delivered count: Int, bytes size: Int) {
        if size > 0 { bytes.add(size, ordering: .relaxed) }
        guard count > 0 else { return }
        let sum = delivered.add(count, ordering: .sequentiallyConsistent).newValue
        let target = target.load(ordering: .sequentiallyConsistent)
        if sum >= target, sum - count < target { wakeup.notify() }
    }
}
