import HTTPMessages

/// Single subscribers as sessions: bytes for one of them, and the way from an id to one.
extension Subscribers {
    /// What becomes of bytes for one stream.
    enum PushOutcome {
        /// The stream gets no more.
        case ending
        /// Too many bytes wait for it.
        case full
        /// It has them, or gets them when it has read the log.
        case accepted
    }

    /// Gives a stream bytes that are in no log. A live one must have every event of before: see
    /// ``FanOut/hasWritten(through:to:)``.
    ///
    /// - Parameters:
    ///   - push: events without framing.
    ///   - limit: the most bytes that may wait for one that is behind.
    mutating func push(_ push: SessionPush, to slot: UInt32, limit: Int, _ connections: inout Connections)
        -> PushOutcome
    {
        let framed = table[slot].form.framing.frame(push.bytes)
        switch table[slot].state {
        case .live: _ = write(framed: framed, to: slot, &connections, moreFollows: false)
        case .behind: guard pushed.add(framed, for: table.token(slot), limit: limit) else { return .full }
        case .ending, .closed: return .ending
        }
        if let id = push.lastID { pushed.note(lastID: id, for: table.token(slot)) }
        return .accepted
    }

    /// The last id that was sent to a subscriber alone; nil when none was.
    func lastPushedID(to slot: UInt32) -> [UInt8]? { pushed.lastID(for: table.token(slot)) }

    /// Writes the bytes that were pushed to a subscriber while it was behind, and that is live now.
    mutating func writePushed(_ slot: UInt32, _ connections: inout Connections) {
        let bytes = pushed.take(table.token(slot))
        if !bytes.isEmpty { _ = write(framed: bytes, to: slot, &connections, moreFollows: false) }
    }

    /// The bytes that were pushed to a subscriber and are not written yet.
    func pushed(to slot: UInt32) -> [UInt8] { pushed[table.token(slot)] }

    /// Gives a subscriber the bytes that were pushed to it in the process before.
    ///
    /// - Parameter lastID: empty for none.
    mutating func restorePushed(_ bytes: [UInt8], lastID: [UInt8], to slot: UInt32) {
        pushed.restore(bytes, for: table.token(slot))
        if !lastID.isEmpty { pushed.note(lastID: lastID, for: table.token(slot)) }
    }

    /// Builds the index of sessions further.
    ///
    /// - Returns: whether it is complete.
    mutating func buildIndex() -> Bool {
        // Taken out: the closure may not read the other properties while one changes.
        var index = SessionIndex()
        swap(&index, &sessions)
        defer { swap(&index, &sessions) }
        return index.build(end: table.end) { slot in table.hasRow(slot) ? table[slot].session : nil }
    }

    /// The slot of a session, once the index is complete.
    func slot(of session: SessionID) -> UInt32? { sessions[session] }

    /// The first slot with a subscriber from one on; nil when there is none.
    func slot(from first: UInt32) -> UInt32? {
        var slot = first
        while slot < table.end {
            if table.hasRow(slot) { return slot }
            slot += 1
        }
        return nil
    }
}
