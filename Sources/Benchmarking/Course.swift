import Kernel
import Synchronization

/// What the threads of a benchmark know of each other: how far it has come.
final class Course: Sendable {
    /// Where the benchmark is.
    enum Phase: Int {
        case arriving, warmingUp, measuring
        /// Nothing more is published; what is under way arrives.
        case finishing
        case over
    }

    private let stage = Atomic<Int>(Phase.arriving.rawValue)
    /// Events that prompt subscribers have got.
    let delivered = Atomic<Int>(0)
    /// Bytes that they have got, heads included.
    let bytes = Atomic<Int>(0)
    /// Prompt subscribers whose stream has begun, and those that will never be.
    let arrived = Atomic<Int>(0)
    /// Events that were answered.
    let published = Atomic<Int>(0)
    /// When so many have been delivered, the publisher's bell is rung.
    let target = Atomic<Int>(0)
    /// Wakes the publishers.
    let bell: Wakeup

    init() throws {
        bell = try Wakeup()
    }

    var phase: Phase { Phase(rawValue: stage.load(ordering: .acquiring))! }

    func enter(_ phase: Phase) {
        stage.store(phase.rawValue, ordering: .releasing)
        bell.ring()
    }

    /// Called by readers, after a batch.
    func note(delivered count: Int, bytes size: Int) {
        if size > 0 { bytes.add(size, ordering: .relaxed) }
        guard count > 0 else { return }
        let sum = delivered.add(count, ordering: .sequentiallyConsistent).newValue
        let target = target.load(ordering: .sequentiallyConsistent)
        if sum >= target, sum - count < target { bell.ring() }
    }
}
