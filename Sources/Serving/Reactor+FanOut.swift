import Broadcasting
import EventStreams
import Kernel

extension Reactor {
    /// Subscribers that are written to in one turn. Between turns the loop polls without waiting, so that accepts,
    /// publishes and small channels never stand behind a large one for longer than this takes.
    private static var writesPerTurn: Int { 512 }

    mutating func collectLetters() {
        port.mailbox.collect(into: &letters)
        for letter in letters {
            guard let audience = audienceOfTopic[letter.topic] else {
                // The last subscriber left while the letter was on its way.
                delivered(letter.frame.count)
                continue
            }
            audiences[Int(audience)]!.receive(letter.frame)
            if audiences[Int(audience)]!.passHead == nil {
                audiences[Int(audience)]!.beginPass()
                passes.append(audience)
            }
        }
        letters.removeAll(keepingCapacity: letters.capacity <= 4096)
    }

    /// Runs slices of passes, each audience in turn, until the turn's share of writes is used up.
    mutating func runPasses() {
        var left = Self.writesPerTurn
        var turnsToGive = passes.count
        while left > 0, turnsToGive > 0 {
            turnsToGive -= 1
            let audience = passes.removeFirst()
            left -= runSlice(of: audience, atMost: left)
            // The last subscriber may have left with the end of the channel, and the audience with it.
            guard audiences[Int(audience)] != nil else { continue }
            if audiences[Int(audience)]!.isPassDone {
                delivered(audiences[Int(audience)]!.endPass())
                audiences[Int(audience)]!.beginPass()
            }
            if audiences[Int(audience)]!.passHead != nil { passes.append(audience) }
        }
        gather.clear()
    }

    /// Frames of so many bytes have been offered to everyone here.
    mutating func delivered(_ bytes: Int) {
        guard bytes > 0 else { return }
        pressure.relieved(port.mailbox.delivered(bytes), settings.fanoutBacklog)
    }

    /// - Returns: the subscribers that were met, at least one so that a turn always comes to its end.
    private mutating func runSlice(of audience: Int32, atMost count: Int) -> Int {
        gather.load(audiences[Int(audience)]!.window)
        let first = audiences[Int(audience)]!.single.next
        let last = min(first + count, audiences[Int(audience)]!.single.slots.count)
        var events = 0
        // A copy of the list is only another reference to it: nobody is added or taken out within a slice.
        let slots = audiences[Int(audience)]!.single.slots
        let heartbeatTick = wheel.tick(at: now)
        for place in first..<last { events += pass(to: slots[place], heartbeatTick) }
        audiences[Int(audience)]!.single.next = last
        var met = last - first
        if audiences[Int(audience)]!.single.isDone { met += serveSeveral(of: audience, atMost: max(0, count - met)) }
        port.status.delivered.add(events)
        return max(1, met)
    }

    /// Writes all that waits to one subscriber: one system call.
    ///
    /// - Returns: the events it got whole.
    @inline(__always)
    private mutating func pass(to slot: UInt32, _ tick: UInt32) -> Int {
        guard connections[slot].phase == .live else { return 0 }
        let start = gather.start(after: connections[slot].cursor)
        guard start < gather.count else { return 0 }
        switch gather.send(from: start, to: connections[slot].descriptor) {
        case .all:
            connections[slot].cursor = gather.last
            connections[slot].deadline = heartbeatDeadline(slot)
            if gather.endsTopic != nil { close(slot, .ended) }
            return gather.count - start
        case .stalled(let frames, let offset, _):
            fallBehind(slot, start: start, frames: frames, offset: offset)
            return frames
        case .broken:
            close(slot, .client)
            return 0
        }
    }

    /// The kernel took no more: from here on the subscriber reads the log, when its socket takes bytes again.
    mutating func fallBehind(_ slot: UInt32, start: Int, frames: Int, offset: Int) {
        if frames > 0 { connections[slot].cursor = gather[start + frames - 1].sequence }
        if offset > 0 {
            connections[slot].partial = gather[start + frames]
            connections[slot].partialOffset = offset
        }
        connections[slot].phase = .behind
    }

    /// Serves subscribers of several topics from all their audiences, in the order of the log.
    private mutating func serveSeveral(of audience: Int32, atMost count: Int) -> Int {
        let first = audiences[Int(audience)]!.several.next
        let last = min(first + count, audiences[Int(audience)]!.several.slots.count)
        let slots = audiences[Int(audience)]!.several.slots
        for place in first..<last where connections[slots[place]].phase == .live { serveMerged(slots[place]) }
        audiences[Int(audience)]!.several.next = last
        // Only now: leaving a topic changes the lists that were walked.
        actOnEndings()
        return last - first
    }

    /// What has been collected for one topic of such a subscriber has been collected for the others up to the same
    /// place in the log, so the merge leaves no earlier event behind the cursor.
    private mutating func serveMerged(_ slot: UInt32) {
        let cursor = connections[slot].cursor
        var waiting: [Frame] = []
        for membership in connections[slot].several!.memberships {
            for frame in audiences[Int(membership.audience)]!.window where frame.sequence > cursor {
                waiting.append(frame)
            }
        }
        waiting.sort { $0.sequence < $1.sequence }
        // An event that was published to two of the topics waits twice.
        var merged: [Frame] = []
        for frame in waiting where merged.last?.sequence != frame.sequence { merged.append(frame) }
        _ = send(merged, to: slot)
    }
}
