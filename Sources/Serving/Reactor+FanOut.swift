import Broadcasting
import DequeModule
import EventStreams
import Kernel

extension Reactor {
    /// Nanoseconds that passes take in one turn at least. Between turns the loop polls without waiting, so that accepts,
    /// publishes and small channels never stand behind a large channel for longer than this.
    private static var share: UInt64 { 250_000 }
    /// Subscribers that are written to between two looks at the clock.
    private static var writesPerLook: Int { 8 }

    mutating func collectLetters() {
        port.mailbox.collect(into: &letters)
        for letter in letters {
            guard let audience = audienceOfTopic[letter.topic] else {
                // The last subscriber left while the letter was on its way.
                pressure.done(letter, on: port, settings.fanoutBacklog)
                continue
            }
            if audiences[Int(audience)]!.isSettled { passes.append(audience) }
            audiences[Int(audience)]!.receive(letter)
        }
        letters.removeAll(keepingCapacity: letters.capacity <= 4096)
    }

    /// Runs slices of passes, each audience in turn, until the turn's share of time is used up.
    mutating func runPasses() {
        guard !passes.isEmpty else { return }
        // As much time as the rest of the turn took: publishers who come in numbers must not outrun what they publish.
        let now = Clock.monotonicNanoseconds
        let end = now + max(Self.share, now - turnBegan)
        var turnsToGive = passes.count
        repeat {
            turnsToGive -= 1
            let audience = passes.removeFirst()
            runSlice(of: audience, until: end)
            // The last subscriber may have left with the end of the channel, and the audience with it.
            guard audiences[Int(audience)] != nil else { continue }
            for letter in audiences[Int(audience)]!.settle() {
                pressure.done(letter, on: port, settings.fanoutBacklog)
            }
            if !audiences[Int(audience)]!.isSettled { passes.append(audience) }
            // A slice may also end other channels for subscribers of several, and take their audiences out of the queue.
        } while turnsToGive > 0 && !passes.isEmpty && Clock.monotonicNanoseconds < end
        gather.clear()
    }

    /// Goes on with a pass: a few subscribers, and further ones while there is time.
    private mutating func runSlice(of audience: Int32, until end: UInt64) {
        gather.load(audiences[Int(audience)]!.offer)
        // A copy of the list is only another reference to it: nobody is added or taken out within a slice.
        let slots = audiences[Int(audience)]!.single.slots
        var place = audiences[Int(audience)]!.single.next
        let heartbeats = heartbeats
        var events = 0
        repeat {
            let last = min(place + Self.writesPerLook, slots.count)
            while place < last {
                events += pass(to: slots[place], heartbeats)
                place += 1
            }
        } while place < slots.count && Clock.monotonicNanoseconds < end
        audiences[Int(audience)]!.single.next = place
        port.status.delivered.add(events)
        if place == slots.count { serveSeveral(of: audience, until: end) }
    }

    /// Writes all that waits to one subscriber: one system call.
    ///
    /// - Returns: the events it got whole.
    @inline(__always)
    private mutating func pass(to slot: UInt32, _ heartbeats: Heartbeats) -> Int {
        guard connections[slot].phase == .live else { return 0 }
        let start = gather.start(after: connections[slot].cursor)
        guard start < gather.count else { return 0 }
        switch gather.send(from: start, to: connections[slot].descriptor) {
        case .all:
            connections[slot].cursor = gather.last
            connections[slot].deadline = heartbeats.deadline(slot)
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
        fallBehind(slot)
    }

    /// Goes on with the subscribers of several topics: each is served from all its audiences, in the order of the log.
    private mutating func serveSeveral(of audience: Int32, until end: UInt64) {
        while let walk = audiences[Int(audience)]?.several, !walk.isDone {
            let last = min(walk.next + Self.writesPerLook, walk.slots.count)
            for place in walk.next..<last where connections[walk.slots[place]].phase == .live {
                serveMerged(walk.slots[place])
            }
            audiences[Int(audience)]!.several.next = last
            // Only now: leaving a topic changes the lists that were walked.
            actOnEndings()
            if Clock.monotonicNanoseconds >= end { return }
        }
    }

    /// What has been collected for one topic of such a subscriber has been collected for the others up to the same
    /// place in the log, so the merge leaves no earlier event behind the cursor.
    private mutating func serveMerged(_ slot: UInt32) {
        let cursor = connections[slot].cursor
        var waiting: [Frame] = []
        for membership in connections[slot].several!.memberships {
            for letter in audiences[Int(membership.audience)]!.window where letter.frame.sequence > cursor {
                let frame = letter.frame
                waiting.append(frame)
                // What follows its end is not for those who were there before.
                if frame.endsTopic != nil { break }
            }
        }
        waiting.sort { $0.sequence < $1.sequence }
        // An event that was published to two of the topics waits twice.
        var merged: [Frame] = []
        for frame in waiting where merged.last?.sequence != frame.sequence { merged.append(frame) }
        _ = send(merged, to: slot)
    }
}
