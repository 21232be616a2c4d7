import Broadcasting
import DequeModule
import EventStreams
import Kernel

extension Reactor {
    /// Nanoseconds that reading the log takes in one turn at least; see ``share``.
    private static var catchUpShare: UInt64 { 250_000 }
    /// Bytes of the log that one takes at a time: several times what publishers may add in a turn, so that a busy
    /// channel does not outrun those who read it.
    private static var sliceBytes: Int { 256 * 1024 }

    mutating func queueCatchUp(_ slot: UInt32) {
        guard !connections[slot].isQueuedToCatchUp else { return }
        connections[slot].isQueuedToCatchUp = true
        catchUps.append(connections.token(slot))
    }

    mutating func catchUpSubscribers() {
        admitFetches()
        guard !catchUps.isEmpty else { return }
        let start = Clock.monotonicNanoseconds
        let end = start + max(Self.catchUpShare, start - turnBegan)
        // Those who have more to read go to the end of the queue, and are met again when everybody else has been.
        var turnsToGive = catchUps.count
        repeat {
            turnsToGive -= 1
            guard let slot = connections.slot(of: catchUps.removeFirst()) else { continue }
            connections[slot].isQueuedToCatchUp = false
            if [.behind, .ending].contains(connections[slot].phase) { catchUp(slot) }
        } while turnsToGive > 0 && Clock.monotonicNanoseconds < end
        if catchUps.isEmpty { excerpt = nil }
    }

    /// Finishes what was begun; the subscriber falls behind if its socket does not take all of it.
    ///
    /// - Parameter moreFollows: whether what is written now may wait for what is written next.
    mutating func finishOrFallBehind(_ slot: UInt32, moreFollows: Bool = false) {
        let ended = connections[slot].partial?.endsTopic
        switch connections[slot].finishPartial(moreFollows: moreFollows) {
        case .all:
            if let ended { end(ended, for: slot) }
            if connections[slot].phase == .ending { close(slot, drainDeadline == nil ? .ended : .shutdown) }
        case .stalled:
            if connections[slot].phase == .live { fallBehind(slot) }
        case .broken: close(slot, .client)
        }
    }

    private mutating func catchUp(_ slot: UInt32) {
        finishOrFallBehind(slot)
        guard connections[slot].phase == .behind, connections[slot].partial == nil, connections[slot].fetch != .asked
        else { return }
        if drainDeadline != nil { return sayGoodbye(slot) }
        let (interests, cursor, isSlow) = (interests(of: slot), connections[slot].cursor, connections[slot].isSlow)
        if !isSlow, let excerpt, excerpt.isNext(for: interests, after: cursor) {
            // What has come since it was read comes next, and only then is it known whether the subscriber is live.
            if send(excerpt, to: slot) { queueCatchUp(slot) }
            return
        }
        slice.removeAll(keepingCapacity: true)
        let read = hub.read(
            interests, after: cursor, isSlow: isSlow, now: today, budget: Self.sliceBytes, into: &slice)
        if let lag = read.cut { return cut(slot, lag, farewell: read.farewell) }
        if let interests = read.interests {
            remember(interests, slot)
            if let lag = read.skipped {
                port.status.skips.add(1)
                report(slot, "skipped events", lag)
            }
            if let gap = read.gap, !say(gap, to: slot) { return }
        }
        guard read.absent.isEmpty else { return fetch(read.absent, slot) }
        let isSent = send(slice, interests, after: cursor, isSlow: isSlow || read.interests != nil, to: slot)
        slice.removeAll(keepingCapacity: true)
        actOnEndings()
        guard isSent, connections[slot].phase == .behind else { return }
        if let through = read.through { connections[slot].cursor = max(connections[slot].cursor, through) }
        guard let head = read.head else { return queueCatchUp(slot) }
        // From the moment of the read on, every further event comes in the mailbox; what it still holds of before is
        // not above this cursor.
        connections[slot].cursor = max(connections[slot].cursor, head)
        connections[slot].phase = .live
        connections[slot].isSlow = false
        // It was due for a look at its lag; from here on it is due for heartbeats.
        connections[slot].deadline = heartbeatDeadline(slot)
    }

    func interests(of slot: UInt32) -> [Interest] {
        if let several = connections[slot].several { return several.memberships.map(\.interest) }
        let topic = audiences[Int(connections[slot].audience)]!.topic
        return [
            Interest(
                topic: topic, toldThrough: connections[slot].toldThrough,
                toldEvictions: connections[slot].toldEvictions)
        ]
    }

    /// Sends a slice of the log, which is kept for the next if others wait who may have missed the same.
    private mutating func send(
        _ frames: [Frame], _ interests: [Interest], after cursor: UInt64, isSlow: Bool, to slot: UInt32
    ) -> Bool {
        if !isSlow, !catchUps.isEmpty, let new = Excerpt(frames, interests, after: cursor) {
            excerpt = new
            return send(new, to: slot)
        }
        return send(frames, to: slot)
    }

    /// - Returns: whether all of it went out.
    private mutating func send(_ excerpt: Excerpt, to slot: UInt32) -> Bool {
        switch excerpt.send(to: connections[slot].descriptor) {
        case .all:
            connections[slot].cursor = excerpt.last
            connections[slot].deadline = heartbeatDeadline(slot)
            port.status.delivered.add(excerpt.count)
            return true
        case .stalled(let whole, let offset, _):
            port.status.delivered.add(whole)
            if whole > 0 { connections[slot].cursor = excerpt[whole - 1].sequence }
            if offset > 0 {
                connections[slot].partial = excerpt[whole]
                connections[slot].partialOffset = offset
            }
            fallBehind(slot)
            return false
        case .broken:
            close(slot, .client)
            return false
        }
    }

    /// Sends frames in the order of the log, as many to a call as it takes. The subscriber falls behind if its socket
    /// does not take all of them; the ends of channels among them are left in `endings`, to be acted on when no list of
    /// subscribers is being walked.
    ///
    /// - Returns: whether all went out.
    mutating func send(_ frames: [Frame], to slot: UInt32) -> Bool {
        defer { gather.clear() }
        var sent = 0
        while sent < frames.count {
            gather.load(frames[sent...])
            switch gather.send(from: 0, to: connections[slot].descriptor) {
            case .all:
                sent += gather.count
                connections[slot].cursor = gather.last
                connections[slot].deadline = heartbeatDeadline(slot)
                port.status.delivered.add(gather.count)
                if let topic = gather.endsTopic { endings.append((slot, topic)) }
            case .stalled(let frames, let offset, _):
                port.status.delivered.add(frames)
                fallBehind(slot, start: 0, frames: frames, offset: offset)
                return false
            case .broken:
                close(slot, .client)
                return false
            }
        }
        return true
    }

    /// Takes topics that have ended from the subscribers that have been told.
    mutating func actOnEndings() {
        for ending in endings { end(ending.topic, for: ending.slot) }
        endings.removeAll(keepingCapacity: true)
    }

    /// Writes some last bytes, after what was begun, and closes.
    mutating func sayLast(_ slot: UInt32, _ wire: [UInt8]) {
        let begun = connections[slot].partial.map { unsafe Array($0.bytes[connections[slot].partialOffset...]) }
        connections[slot].partial = Frame(
            sequence: connections[slot].cursor, time: today, wire: (begun ?? []) + wire)
        connections[slot].partialOffset = 0
        connections[slot].phase = .ending
        setDeadline(slot, after: settings.shutdown)
        finishOrFallBehind(slot)
    }
}
