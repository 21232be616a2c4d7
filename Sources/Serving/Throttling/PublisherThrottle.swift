import Broadcasting
import Synchronization

/// Holds publishers back while fan-out is behind: the publishers of a channel with too large a backlog, and all
/// publishers while a loop has too much to write. It never holds subscribers back: they read the log.
final class PublisherThrottle: Sendable {
    /// A loop may have events of this many times the limit in memory. The events of a loop count once, however many
    /// subscribers they have: a busy channel does not hold the publishers of other channels.
    private static let channelsPerLoop = 8

    private let ports: [LoopPort]
    /// The loops that hold publishers: one bit each.
    private let waiting = Atomic<UInt64>(0)
    /// Rises whenever a backlog falls to its limit.
    private let reliefs = Atomic<Int>(0)

    init(_ ports: [LoopPort]) {
        self.ports = ports
    }

    /// Whether a publisher with these backlogs has to wait.
    ///
    /// - Parameter limit: bytes; see ``ServingSettings/fanoutBacklog``.
    func mustWait(_ backlogs: [Backlog], limit: Int) -> Bool {
        backlogs.contains { $0.current > limit }
            || ports.contains { $0.mailbox.backlog.current > Self.channelsPerLoop * limit }
    }

    /// Changes whenever held publishers should check again whether they may continue.
    var relief: Int { reliefs.load(ordering: .sequentiallyConsistent) }

    /// Called by a loop that holds publishers, before it checks ``relief`` for the last time and sleeps. Because of
    /// this order a loop that relieves after the check sees the bit and wakes it.
    func announceWaiting(on loop: Int) {
        waiting.bitwiseOr(1 << UInt64(loop), ordering: .sequentiallyConsistent)
    }

    /// Called by a loop when the work of some items of one topic is done.
    func finish(_ items: ContiguousArray<MailboxItem>.SubSequence, on port: LoopPort, limit: Int) {
        var (bytes, work, isRelief) = (0, 0, false)
        for index in items.indices {
            bytes += items[index].frame.count
            work += items[index].work
            // Nearly always all of them have the same backlog. A topic whose number is used again has another.
            guard index + 1 == items.endIndex || items[index + 1].backlog !== items[index].backlog else { continue }
            if items[index].backlog.subtract(work, limit: limit) { isRelief = true }
            work = 0
        }
        if port.mailbox.backlog.subtract(bytes, limit: Self.channelsPerLoop * limit) || isRelief { relieve() }
    }

    /// Makes held publishers check their backlogs again.
    func relieve() {
        reliefs.add(1, ordering: .sequentiallyConsistent)
        guard waiting.load(ordering: .sequentiallyConsistent) != 0 else { return }
        let loops = waiting.exchange(0, ordering: .sequentiallyConsistent)
        for (index, port) in ports.enumerated() where loops & (1 << UInt64(index)) != 0 { port.mailbox.wake() }
    }
}
