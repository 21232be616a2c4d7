import Broadcasting
import HTTPMessages

/// Streams of a process that was killed, until it is known where each goes on.
extension Subscribers {
    /// Whether any stream has bytes that nobody knows the events of.
    var hasUnplaced: Bool { !unplaced.isEmpty }

    /// How many bytes of its next events a stream has got from a process that was killed; nil when that is known.
    func unplaced(_ slot: UInt32) -> Int? { unplaced.isEmpty ? nil : unplaced[table.token(slot)] }

    mutating func setUnplaced(_ slot: UInt32, _ count: Int) {
        unplaced[table.token(slot)] = count == 0 ? nil : count
    }

    /// The process before has written a part of this output.
    mutating func continueOutput(_ slot: UInt32, _ pending: PendingOutput) {
        table[slot].state = .behind(.queued(pending), isSlow: false)
    }

    /// The process before has written this event.
    mutating func skip(_ slot: UInt32, _ frame: Frame) {
        table[slot].position = frame.sequence
        recovery.advance(
            slot, to: frame.sequence, writing: unsafe frame.bytes(table[slot].form.framing).count)
    }
}
