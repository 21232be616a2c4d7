import Broadcasting
import Kernel

extension Reactor {
    /// Marks a connection to be closed at the end of the turn. Nothing is freed in the middle of a turn: a pass may
    /// stand on it.
    mutating func close(_ slot: UInt32, _ reason: CloseReason) {
        guard connections[slot].phase != .dead else { return }
        connections[slot].phase = .dead
        closing.append((slot, reason))
    }

    mutating func closeMarked() {
        for (slot, reason) in closing {
            if connections[slot].isSubscriber { leaveAudiences(slot) }
            connections.remove(slot)
            occupancy.remove()
            port.status.connections.add(-1)
            port.status.count(reason)
        }
        closing.removeAll(keepingCapacity: true)
    }

    /// All is said: finishes sending and waits for the peer to close, or closes at once when nothing can be unread.
    mutating func linger(_ slot: UInt32) {
        connections[slot].exchange = nil
        connections[slot].phase = .lingering
        connections[slot].descriptor.finishSending()
        setDeadline(slot, after: Self.lingerTimeout)
        if connections[slot].isReadable { queueRead(slot) }
    }

    /// Milliseconds that a peer has to close after the last answer.
    private static var lingerTimeout: UInt64 { 2000 }

    /// Reads and throws away. The end of the stream, or an error, closes.
    mutating func discardInput(_ slot: UInt32) {
        var buffer: [UInt8] = []
        swap(&buffer, &inputBuffer)
        defer { swap(&buffer, &inputBuffer) }
        for _ in 0..<Self.discardsPerTurn {
            switch connections[slot].descriptor.read(into: &buffer) {
            case .bytes: continue
            case .wouldBlock:
                connections[slot].isReadable = false
                return
            case .end, .failed:
                return close(slot, connections[slot].phase == .lingering ? .answered : .client)
            }
        }
        queueRead(slot)
    }

    /// 4 MiB: who sends more than that in a turn waits for the next.
    private static var discardsPerTurn: Int { 64 }
}
