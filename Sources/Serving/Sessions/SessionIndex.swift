/// The slots of sessions by their ids. It is empty until somebody asks for a session by id, and is then built a few at a time.
struct SessionIndex {
    private enum Stage {
        case unused
        /// Built for the slots before this one.
        case building(UInt32)
        case complete
    }

    /// Slots that one step looks at.
    private static let step: UInt32 = 1024

    private var stage = Stage.unused
    private var slots: [SessionID: UInt32] = [:]

    /// Takes the next step.
    ///
    /// - Parameters:
    ///   - end: behind the last slot that is in use.
    ///   - session: the session in a slot; nil when it is free.
    /// - Returns: whether the index is complete.
    mutating func build(end: UInt32, _ session: (UInt32) -> SessionID?) -> Bool {
        let start: UInt32
        switch stage {
        case .unused: start = 0
        case .building(let next): start = next
        case .complete: return true
        }
        let last = min(end, start + Self.step)
        for slot in start..<max(start, last) {
            if let session = session(slot) { slots[session] = slot }
        }
        stage = last >= end ? .complete : .building(last)
        return last >= end
    }

    mutating func add(_ session: SessionID, slot: UInt32) {
        if case .unused = stage { return }
        slots[session] = slot
    }

    mutating func remove(_ session: SessionID) {
        if case .unused = stage { return }
        slots[session] = nil
    }

    /// The slot of a session, once the index is complete.
    subscript(session: SessionID) -> UInt32? { slots[session] }
}
