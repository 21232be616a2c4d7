import Broadcasting
import Synchronization

/// Holds publishers back while fan-out is behind: those of a channel that has too much to be written to its
/// subscribers, and all of them while a loop has. Subscribers never do: they have the log.
final class Pressure: Sendable {
    /// A loop may have this many times as much to write as one channel, so that a busy channel does not hold those who
    /// publish to others.
    private static let channelsPerLoop = 8

    private let ports: [LoopPort]
    /// The loops that have publishers waiting: one bit each.
    private let waiting = Atomic<UInt64>(0)
    /// Rises whenever a backlog has come down to its limit.
    private let reliefs = Atomic<Int>(0)

    init(_ ports: [LoopPort]) {
        self.ports = ports
    }

    /// Whether somebody who published into these backlogs has to wait.
    func isHigh(_ backlogs: [Backlog], _ limit: Int) -> Bool {
        backlogs.contains { $0.current > limit }
            || ports.contains { $0.mailbox.backlog.current > Self.channelsPerLoop * limit }
    }

    /// Changes whenever somebody who waits may go on.
    var relief: Int { reliefs.load(ordering: .sequentiallyConsistent) }

    /// Called by a loop that has publishers waiting, before it looks at ``relief`` for the last time and sleeps: in this
    /// order, a loop that brings relief in between sees the bit and rings.
    func announceWaiting(on loop: Int) {
        waiting.bitwiseOr(1 << UInt64(loop), ordering: .sequentiallyConsistent)
    }

    /// Called by a loop when what a letter was for is done.
    func done(_ letter: Letter, on loop: LoopPort, _ limit: Int) {
        let isRelief = letter.backlog.take(letter.work, limit: limit)
        if loop.mailbox.backlog.take(letter.work, limit: Self.channelsPerLoop * limit) || isRelief { relieve() }
    }

    /// Lets publishers who wait look again whether they may go on.
    func relieve() {
        reliefs.add(1, ordering: .sequentiallyConsistent)
        guard waiting.load(ordering: .sequentiallyConsistent) != 0 else { return }
        let loops = waiting.exchange(0, ordering: .sequentiallyConsistent)
        for (index, port) in ports.enumerated() where loops & (1 << UInt64(index)) != 0 { port.mailbox.wake() }
    }
}
