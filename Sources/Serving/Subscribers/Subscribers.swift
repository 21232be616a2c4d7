import Broadcasting
import DequeModule
import EventStreams
import HTTPMessages
import Metrics

/// The subscribers of one loop: their states, deadlines and ends. Fan-out and catch-up write to them through this type.
struct Subscribers: ~Copyable {
    typealias Token = SlotTable<Subscriber>.Token

    /// Milliseconds between two checks of the lag of a subscriber whose socket takes nothing.
    static let lagCheckInterval: UInt64 = 1000

    var table = SlotTable<Subscriber>()
    var deadlines = TimerWheel()
    var expiries = TimerWheel()
    private var closing: Deque<(slot: UInt32, reason: CloseReason)> = []
    /// Subscribers that got the end of a topic, and the topic that they must leave.
    private var endedTopics: [(slot: UInt32, topic: TopicID)] = []
    /// Streams of a process that was killed, and how many bytes of their next events that process had written. While nobody
    /// knows which events these are, nothing may be written.
    var unplaced: [Token: Int] = [:]
    var pushed = PushedBytes()
    var sessions = SessionIndex()
    var tick: UInt32 = 0
    /// The most ticks that a stream may be silent.
    var interval: UInt32
    var heartbeats: HeartbeatSchedule
    private let status: LoopStatus
    /// What the next process needs of the streams if this one is killed.
    var recovery: RecoveryArea

    /// - Parameter heartbeat: milliseconds that a stream may be silent.
    init(heartbeat: UInt64, _ recovery: consuming RecoveryArea, _ status: LoopStatus) {
        self.recovery = recovery
        interval = TurnTime.ticks(heartbeat)
        heartbeats = HeartbeatSchedule(tick: 0, interval: interval)
        self.status = status
    }

    subscript(slot: UInt32) -> Subscriber {
        @inline(__always)
        _read { yield table[slot] }
        @inline(__always)
        _modify { yield &table[slot] }
    }

    func slot(of token: Token) -> UInt32? { table.slot(of: token) }

    func token(_ slot: UInt32) -> Token { table.token(slot) }

    mutating func nextSlot() -> UInt32 { table.nextSlot() }

    mutating func insert(_ subscriber: consuming Subscriber) -> UInt32 {
        let slot = table.insert(subscriber).slot
        sessions.add(table[slot].session, slot: slot)
        status.subscribers.add(1)
        if table[slot].isBehind { status.behind.add(1) }
        scheduleHeartbeat(slot)
        return slot
    }

    // MARK: Writing

    /// Writes the events of a batch above the subscriber's position, with one system call. Call ``record(_:_:)`` before the
    /// subscriber gets anything but events of the log.
    ///
    /// - Parameter batch: in the form of the stream.
    /// - Returns: how many events it received whole. A subscriber that does not take all of them falls behind.
    @inline(__always)
    mutating func deliver(_ batch: borrowing WriteBatch, to slot: UInt32, _ connections: borrowing Connections) -> Int {
        var start = 0
        let result = table.withRow(slot) { row -> WriteResult in
            start = batch.start(after: row.position)
            guard start < batch.count else { return .all }
            let result = connections.write(batch, from: start, to: row.stream)
            if case .all = result {
                row.position = batch.last
                row.deadline.tick = heartbeats.tick(slot)
            }
            return result
        }
        switch result {
        case .all:
            if let topic = batch.endsTopic, start < batch.count { endedTopics.append((slot, topic)) }
            return batch.count - start
        case .stalled(let whole, let offset):
            stall(slot, batch, start: start, whole: whole, offset: offset)
            return whole
        case .broken:
            close(slot, .client)
            return 0
        }
    }

    /// Writes events in the order of the log, as many to a system call as a batch holds.
    ///
    /// - Parameters:
    ///   - frames: in the form of the stream, apart from the framing.
    ///   - batch: lays them out.
    /// - Returns: how many events it received whole. A subscriber that does not take all of them falls behind.
    mutating func deliver(
        _ frames: [Frame], to slot: UInt32, with batch: inout WriteBatch, _ connections: borrowing Connections
    ) -> Int {
        defer { batch.clear() }
        var sent = 0
        while sent < frames.count {
            batch.load(frames[sent...], table[slot].form.framing)
            let count = deliver(batch, to: slot, connections)
            record(batch, CollectionOfOne(slot))
            self.count(count, of: batch, to: slot)
            sent += count
            if count < batch.count { break }
        }
        return sent
    }

    /// Counts the last events of a batch that a subscriber has got.
    func count(_ count: Int, of batch: borrowing WriteBatch, to slot: UInt32) {
        guard count > 0 else { return }
        // A subscription to channels of the daemon's own may have others too. No closures: the compiler cannot pass the batch.
        var (counted, bytes) = (0, 0)
        for index in events(count, of: batch, to: slot) where !batch[index].isOwn {
            counted += 1
            bytes += batch.size(of: index..<index + 1)
        }
        guard counted > 0 else { return }
        status.delivered.add(counted)
        status.writes.add(1)
        status.deliveredBytes.add(bytes)
    }

    /// Which events of a batch they are.
    private func events(_ count: Int, of batch: borrowing WriteBatch, to slot: UInt32) -> Range<Int> {
        let end = table[slot].isLive ? batch.count : batch.start(after: table[slot].position)
        return max(0, end - count)..<end
    }

    /// Records how far subscribers have got after a batch; see ``RecoveryArea``. It is no part of a delivery, which costs
    /// nothing more where nothing is recorded.
    func record(_ batch: borrowing WriteBatch, _ slots: some Collection<UInt32>) {
        guard recovery.isActive else { return }
        for slot in slots { recovery.advance(slot, to: table[slot].position, in: batch) }
    }

    private mutating func stall(_ slot: UInt32, _ batch: borrowing WriteBatch, start: Int, whole: Int, offset: Int) {
        if whole > 0 { table[slot].position = batch[start + whole - 1].sequence }
        block(slot, offset > 0 ? .event(batch[start + whole], offset: offset) : nil)
    }

    /// Writes an event for this stream alone, when no output is pending.
    ///
    /// - Returns: whether the kernel took all of it. A subscriber that does not take all of it falls behind.
    mutating func write(_ event: Event, to slot: UInt32, _ connections: inout Connections) -> Bool {
        let bytes = table[slot].form.framing.frame(EventEncoder.encode(event))
        return write(framed: bytes, to: slot, &connections, moreFollows: false)
    }

    /// Writes bytes for this stream alone, framed, when no output is pending.
    ///
    /// - Returns: whether the kernel took all of them. A subscriber that does not take all of them falls behind.
    mutating func write(
        framed bytes: [UInt8], to slot: UInt32, _ connections: inout Connections, moreFollows: Bool
    ) -> Bool {
        recovery.suspend(slot)
        switch connections.write(bytes[...], to: table[slot].stream, moreFollows: moreFollows) {
        case .all:
            recovery.advance(slot, to: table[slot].position, writing: bytes.count)
            return true
        case .stalled(_, let offset): block(slot, .bytes(bytes, offset: offset))
        case .broken: close(slot, .client)
        }
        return false
    }

    /// Writes the rest of the pending output of a subscriber that is behind or ending.
    ///
    /// - Returns: whether it is behind and has no pending output now.
    mutating func writePending(_ slot: UInt32, _ connections: inout Connections) -> Bool {
        guard let pending = table[slot].pending else { return true }
        switch connections.write(pending, table[slot].form.framing, to: table[slot].stream) {
        case .all: return finishPending(slot, pending)
        case .stalled(_, let offset):
            let rest = pending.advanced(by: offset)
            switch table[slot].state {
            case .ending(_, let reason): table[slot].state = .ending(rest, reason)
            default: block(slot, rest)
            }
        case .broken: close(slot, .client)
        }
        return false
    }

    private mutating func finishPending(_ slot: UInt32, _ pending: PendingOutput) -> Bool {
        if let frame = pending.event {
            table[slot].position = max(table[slot].position, frame.sequence)
            if !frame.isOwn {
                status.delivered.add(1)
                status.deliveredBytes.add(pending.size(table[slot].form.framing))
            }
            if let topic = frame.endsTopic { endedTopics.append((slot, topic)) }
        }
        recovery.advance(slot, to: table[slot].position, writing: pending.size(table[slot].form.framing))
        switch table[slot].state {
        case .behind(_, let isSlow):
            table[slot].state = .behind(.queued(nil), isSlow: isSlow)
            return true
        case .ending(_, let reason): close(slot, reason)
        case .live, .closed: break
        }
        return false
    }

    // MARK: Changes of state

    /// The socket takes no more: the subscriber waits for it, and then reads the log. It is slow only if it was live
    /// before: one that resumes is behind without being slow.
    mutating func block(_ slot: UInt32, _ pending: PendingOutput?) {
        let isSlow = table[slot].isLive || table[slot].isSlow
        if !table[slot].isBehind { status.behind.add(1) }
        table[slot].state = .behind(.blocked(pending), isSlow: isSlow)
        scheduleLagCheck(slot)
    }

    /// The socket takes bytes again.
    ///
    /// - Returns: whether the subscriber now needs its turn in the catch-up queue.
    mutating func unblock(_ slot: UInt32) -> Bool {
        switch table[slot].state {
        case .behind(.blocked(let pending), let isSlow):
            table[slot].state = .behind(.queued(pending), isSlow: isSlow)
            return true
        case .ending: return true
        case .live, .behind, .closed: return false
        }
    }

    /// The subscriber needs nothing up to a position.
    mutating func skip(_ slot: UInt32, through position: UInt64) {
        table[slot].position = max(table[slot].position, position)
        recovery.advance(slot, to: table[slot].position, writing: 0)
    }

    /// The subscriber has received everything up to the head of the log.
    mutating func goLive(_ slot: UInt32, at head: UInt64) {
        table[slot].position = max(table[slot].position, head)
        leaveBehind(slot)
        recovery.setIrregular(slot, false)
        table[slot].replayed = 0
        table[slot].state = .live
        recovery.advance(slot, to: table[slot].position, writing: 0)
        // Its deadline was a check of its lag; from here on it is a heartbeat.
        table[slot].deadline.tick = heartbeats.tick(slot)
    }

    /// Writes last bytes and the end of the stream, after any pending output, and then closes. Does nothing when that
    /// has begun.
    ///
    /// - Parameter timeout: milliseconds that the subscriber has to take them.
    mutating func finish(
        _ slot: UInt32, with bytes: [UInt8], _ reason: CloseReason, timeout: UInt64, _ connections: inout Connections
    ) {
        switch table[slot].state {
        case .live, .behind: break
        case .ending, .closed: return
        }
        if unplaced(slot) != nil { return close(slot, reason) }
        let framing = table[slot].form.framing
        let rest =
            (table[slot].pending?.rest(framing) ?? []) + pushed(to: slot) + framing.frame(bytes) + framing.end
        guard !rest.isEmpty else { return close(slot, reason) }
        recovery.unregister(slot)
        leaveBehind(slot)
        table[slot].state = .ending(.bytes(rest, offset: 0), reason)
        schedule(slot, after: timeout)
        _ = writePending(slot, &connections)
    }

    /// Continues the end of a stream that the process before has begun.
    mutating func continueEnding(_ slot: UInt32, _ reason: CloseReason, timeout: UInt64) {
        recovery.unregister(slot)
        guard let pending = table[slot].pending else { return close(slot, reason) }
        leaveBehind(slot)
        table[slot].state = .ending(pending, reason)
        // An hour, so that the tick does not overflow.
        schedule(slot, after: min(timeout, 3_600_000))
    }

    /// Milliseconds until the deadline of a subscriber.
    func timeLeft(_ slot: UInt32) -> UInt64 {
        let due = table[slot].deadline.tick
        return due > tick ? UInt64(due - tick) * TurnTime.tickLength : 0
    }

    /// Marks a subscriber to be removed, and its connection to be closed, at the end of this turn, or of a later
    /// one. Until then its slot stays valid, because fan-out may still use it.
    mutating func close(_ slot: UInt32, _ reason: CloseReason) {
        if case .closed = table[slot].state { return }
        leaveBehind(slot)
        table[slot].state = .closed
        closing.append((slot, reason))
    }

    /// Counts a subscriber that is no longer behind.
    private func leaveBehind(_ slot: UInt32) {
        if table[slot].isBehind { status.behind.add(-1) }
    }

    mutating func remove(_ slot: UInt32) {
        recovery.unregister(slot)
        if hasUnplaced { setUnplaced(slot, 0) }
        pushed.forget(table.token(slot))
        sessions.remove(table[slot].session)
        table.remove(slot)
        status.subscribers.add(-1)
    }

    /// Whether a subscriber is marked.
    var hasMarked: Bool { !closing.isEmpty }

    /// Takes the subscriber that was marked first; nil when there is none.
    mutating func takeMarked() -> (slot: UInt32, reason: CloseReason)? { closing.popFirst() }

    /// Takes the subscribers that got the end of a topic since the last call.
    mutating func takeEndedTopics() -> [(slot: UInt32, topic: TopicID)] {
        guard !endedTopics.isEmpty else { return [] }
        defer { endedTopics.removeAll(keepingCapacity: true) }
        return endedTopics
    }
}
