import Broadcasting
import Synchronization

/// Holds publishers back while fan-out is behind, on any loop. Subscribers never do: they have the log.
final class Pressure: Sendable {
    private let ports: [LoopPort]
    /// The loops that have publishers waiting: one bit each.
    private let waiting = Atomic<UInt64>(0)

    init(_ ports: [LoopPort]) {
        self.ports = ports
    }

    func isHigh(_ limit: Int) -> Bool {
        ports.contains { $0.mailbox.waitingBytes > limit }
    }

    /// Called by a loop that has publishers waiting, before it looks at the pressure for the last time and sleeps:
    /// in this order, a loop that relieves the pressure in between sees the bit and rings.
    func announceWaiting(on loop: Int) {
        waiting.bitwiseOr(1 << UInt64(loop), ordering: .sequentiallyConsistent)
    }

    /// Called by a loop after it has delivered. Wakes the loops whose publishers may go on.
    func relieved(_ waitingBytes: Int, _ limit: Int) {
        guard waitingBytes <= limit, waiting.load(ordering: .sequentiallyConsistent) != 0 else { return }
        let loops = waiting.exchange(0, ordering: .sequentiallyConsistent)
        for (index, port) in ports.enumerated() where loops & (1 << UInt64(index)) != 0 { port.mailbox.wake() }
    }
}
