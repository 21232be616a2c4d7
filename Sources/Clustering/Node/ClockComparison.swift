import Broadcasting
import Kernel
import Logging

/// Warns when the clock of another node differs from that of this one: the times of events, and with them their ages, are those
/// of the node that published them.
final class ClockComparison: Sendable {
    /// Milliseconds of difference that are worth a warning.
    private static let tolerance: UInt64 = 5000
    /// Milliseconds between two warnings about a node.
    private static let interval: UInt64 = 600_000

    private let warned = Guarded<[String: UInt64]>([:])

    func compare(_ node: String, _ time: UInt64, now: UInt64, _ logger: Logger) {
        // An entry from the past may just be late. The node with the clock that is behind sees those of others as ahead.
        guard time > now + Self.tolerance else { return }
        let isDue = warned.withLock { warned in
            if let last = warned[node], now < last + Self.interval { return false }
            if warned.count < 1024 { warned[node] = now }
            return true
        }
        guard isDue else { return }
        logger.warning(
            "the clocks of two nodes differ; the ages of events are wrong by as much",
            metadata: ["node": "\(node)", "ahead-milliseconds": "\(time - now)"])
    }
}
