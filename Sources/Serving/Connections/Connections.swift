import DequeModule
import HTTPMessages
import Kernel

/// The connections of one loop: their reads and writes, their deadlines and their ends.
struct Connections: ~Copyable {
    typealias Token = SlotTable<Connection>.Token

    /// Milliseconds that a client has to close the connection after the last answer.
    private static let lingerTimeout: UInt64 = 2000
    /// The most reads of 64 KiB that discard input of one connection in a turn. A client that sends more than 4 MiB
    /// must not keep the others waiting.
    private static let discardsPerTurn = 64

    private var table = SlotTable<Connection>()
    /// Quick connections that have sent something while the loop had no time for them.
    private var quick: Deque<Token> = []
    /// Other connections to read: new ones, those whose last requests took long, and those that continue.
    private var others: Deque<Token> = []
    private var closing: Deque<(slot: UInt32, reason: CloseReason)> = []
    private var timeouts = TimerWheel()
    /// How often the loop has read requests in this turn.
    private var reads = 0
    /// Whether several connections send at present.
    private(set) var hasSeveralReaders = false
    /// All connections read into this buffer. No input stays in it after the read.
    private var inputBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Lays out bytes that belong to one connection.
    private var scratch = WriteBatch()
    /// The exchange of a connection that became idle, for the next request of any connection.
    private var spareExchange: Exchange?
    /// The tick of the turn.
    var tick: UInt32 = 0

    var count: Int { table.count }
    var slots: [UInt32] { table.slots }
    /// How many connections are queued to be read.
    var unreadCount: Int { quick.count + others.count }

    /// Whether a quick connection is queued to be read.
    var hasQuick: Bool { !quick.isEmpty }
    /// How many connections that are not quick, or continue, are queued to be read.
    var otherCount: Int { others.count }

    subscript(slot: UInt32) -> Connection {
        @inline(__always)
        _read { yield table[slot] }
        @inline(__always)
        _modify { yield &table[slot] }
    }

    func slot(of token: Token) -> UInt32? { table.slot(of: token) }

    func token(_ slot: UInt32) -> Token { table.token(slot) }

    func peer(of stream: StreamHandle) -> SocketAddress { table[stream.connection].transport.peer }

    mutating func insert(_ connection: consuming Connection) -> UInt32 { table.insert(connection).slot }

    // MARK: Writing

    /// Writes a batch, from the event with index `start` on, to a stream.
    ///
    /// - Parameter moreFollows: whether the kernel may keep it for the next write, for 200 ms at most.
    @inline(__always)
    func write(
        _ batch: borrowing WriteBatch, from start: Int, to stream: StreamHandle, moreFollows: Bool = false
    ) -> WriteResult {
        batch.write(from: start, to: table[stream.connection].transport, moreFollows: moreFollows)
    }

    /// Writes bytes that belong to one stream, framed.
    mutating func write(
        _ bytes: ArraySlice<UInt8>, to stream: StreamHandle, moreFollows: Bool = false
    ) -> WriteResult {
        scratch.load(bytes)
        return write(scratch, from: 0, to: stream, moreFollows: moreFollows)
    }

    /// Writes the rest of the pending output of a stream with this framing.
    mutating func write(_ pending: PendingOutput, _ framing: StreamFraming, to stream: StreamHandle) -> WriteResult {
        switch pending {
        case .event(let frame, let offset):
            scratch.load(frame, framing, from: offset)
            defer { scratch.clear() }
            return write(scratch, from: 0, to: stream)
        case .bytes(let bytes, let offset): return write(bytes[offset...], to: stream)
        }
    }

    /// Writes the answers of an exchange.
    ///
    /// - Returns: whether the kernel took all of them. A broken connection is closed.
    mutating func flush(_ exchange: Exchange, _ slot: UInt32) -> Bool {
        while !exchange.output.isEmpty {
            switch write(exchange.output.bytes, to: StreamHandle(connection: slot)) {
            case .all: exchange.output.removeAll()
            case .stalled(_, offset: 0): return false
            case .stalled(_, let count): exchange.output.removeFirst(count)
            case .broken:
                close(slot, .client)
                return false
            }
        }
        return true
    }

    // MARK: Exchanges

    /// Starts an exchange on a connection.
    mutating func startExchange(
        _ slot: UInt32, _ limits: MessageLimits, _ bodies: BodyMemory, _ counters: LoopStatus
    ) -> Exchange {
        let spare = spareExchange.take().flatMap { $0.limits == limits ? $0 : nil }
        let exchange = spare ?? Exchange(limits: limits, bodies, counters)
        table[slot].state = .exchanging(exchange)
        return exchange
    }

    /// Leaves a connection without an exchange until its next request.
    mutating func becomeIdle(_ slot: UInt32, after exchange: Exchange) {
        table[slot].state = .idle
        spareExchange = exchange
    }

    // MARK: Reading

    /// Records a report of epoll.
    ///
    /// - Returns: whether to read now. A queued connection waits for its turn: whoever sends again must not stand in the
    ///   queue twice.
    mutating func noteInput(_ slot: UInt32, hasHungUp: Bool) -> Bool {
        if hasHungUp { table[slot].hasHungUp = true }
        if table[slot].input == .queued { return false }
        table[slot].input = .readable
        return true
    }

    /// Queues a connection that epoll has reported and the loop has no time to read.
    mutating func queueRead(_ slot: UInt32) {
        guard table[slot].input != .queued else { return }
        table[slot].input = .queued
        if table[slot].isQuick { quick.append(table.token(slot)) } else { others.append(table.token(slot)) }
    }

    /// Queues a connection that has had its turn and has more to do, because epoll will not report it again.
    mutating func queueToContinue(_ slot: UInt32) {
        guard table[slot].input != .queued else { return }
        table[slot].input = .queued
        others.append(table.token(slot))
    }

    /// Queues a connection whose input was left unread.
    mutating func queueIfReadable(_ slot: UInt32) {
        if table[slot].input == .readable { queueToContinue(slot) }
    }

    /// Begins the reads of a turn.
    ///
    /// - Parameter ready: how many connections epoll has reported.
    mutating func startReading(ready: Int) { (hasSeveralReaders, reads) = (max(reads, unreadCount + ready) > 1, 0) }

    /// Takes the quick connection that has been queued for longest; nil when there is none.
    mutating func takeQuick() -> Token? { quick.popFirst() }

    /// Takes the connection that has been queued for longest among the others; nil when there is none.
    mutating func takeOther() -> Token? { others.popFirst() }

    /// Reads once, into the front of a buffer.
    ///
    /// - Parameter most: bytes to read at most.
    mutating func read(_ slot: UInt32, _ buffer: inout [UInt8], atMost most: Int) -> ReadOutcome {
        reads += 1
        let outcome = table[slot].transport.read(into: &buffer, atMost: most)
        switch outcome {
        case .bytes(let count):
            // A short read has emptied the socket, and epoll reports the next arrival. But epoll does not report a
            // hang-up again: the loop must read on to find the end of the stream.
            if count < most, !table[slot].hasHungUp, !table[slot].hasShortReads { table[slot].input = .drained }
        case .wouldBlock, .end, .failed: table[slot].input = .drained
        }
        return outcome
    }

    /// Reads the header of the PROXY protocol, and leaves what follows it. Until the header is complete it stays in the
    /// kernel.
    mutating func readProxyHeader(_ slot: UInt32) -> ProxyHeader.Outcome {
        var buffer = takeBuffer()
        defer { returnBuffer(&buffer) }
        switch table[slot].transport.peek(into: &buffer, atMost: ProxyHeader.limit) {
        case .bytes(let count):
            let outcome = ProxyHeader.parse(buffer[..<count])
            switch outcome {
            case .header(let header): _ = table[slot].transport.read(into: &buffer, atMost: header.count)
            case .needsMore: table[slot].input = .drained
            case .invalid: break
            }
            return outcome == .needsMore && table[slot].hasHungUp ? .invalid : outcome
        case .wouldBlock:
            table[slot].input = .drained
            return table[slot].hasHungUp ? .invalid : .needsMore
        case .end, .failed: return .invalid
        }
    }

    /// Takes the shared input buffer. Return it with ``returnBuffer(_:)``.
    mutating func takeBuffer() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &inputBuffer)
        return buffer
    }

    mutating func returnBuffer(_ buffer: inout [UInt8]) { swap(&buffer, &inputBuffer) }

    /// Reads and discards.
    ///
    /// - Returns: whether the client has finished sending or has disconnected.
    mutating func discardInput(_ slot: UInt32) -> Bool {
        var buffer = takeBuffer()
        defer { returnBuffer(&buffer) }
        for _ in 0..<Self.discardsPerTurn {
            switch table[slot].transport.read(into: &buffer) {
            case .bytes: continue
            case .wouldBlock:
                table[slot].input = .drained
                return false
            case .end, .failed: return true
            }
        }
        queueToContinue(slot)
        return false
    }

    // MARK: Deadlines

    mutating func setTimeout(_ slot: UInt32, after milliseconds: UInt64) {
        timeouts.schedule(
            &table[slot].deadline, table.token(slot).rawValue, at: tick + TurnTime.ticks(milliseconds))
    }

    /// Milliseconds until the deadline of a connection.
    func timeLeft(_ slot: UInt32) -> UInt64 {
        let deadline = table[slot].deadline.tick
        return deadline > tick ? UInt64(deadline - tick) * TurnTime.tickLength : 0
    }

    /// Takes the connections whose deadline has come.
    mutating func takeTimedOut() -> [UInt32] {
        table.takeDue(&timeouts, at: tick) { row, wheel, token, tick in wheel.isDue(&row.deadline, token, woken: tick) }
    }

    // MARK: Closing

    /// After the last answer: finishes sending and waits for the client to close.
    mutating func linger(_ slot: UInt32) {
        table[slot].state = .lingering
        table[slot].transport.finishSending()
        setTimeout(slot, after: Self.lingerTimeout)
        queueIfReadable(slot)
    }

    /// Marks a connection to be closed at the end of this turn, or of a later one. Until then its slot stays valid, because
    /// other parts of the turn may still use it.
    mutating func close(_ slot: UInt32, _ reason: CloseReason) {
        if case .closed = table[slot].state { return }
        table[slot].state = .closed
        closing.append((slot, reason))
    }

    /// Whether a connection is marked.
    var hasMarked: Bool { !closing.isEmpty }

    /// Closes the connection that was marked first; nil when there is none.
    mutating func closeMarked() -> (reason: CloseReason, address: AddressCounts.Place)? {
        guard let (slot, reason) = closing.popFirst() else { return nil }
        if table[slot].isKept { table[slot].transport.shutDown() }
        defer { table.remove(slot) }
        return (reason, table[slot].arrival.address)
    }
}
