import Kernel

/// The connections of one loop: what they read and write, their deadlines, and their end.
struct Connections: ~Copyable {
    typealias Token = SlotTable<Connection>.Token

    /// Milliseconds that a client has to close after the last answer.
    private static let lingerTimeout: UInt64 = 2000
    /// Reads of 64 KiB that discard input in one turn: a client that sends more than 4 MiB waits for the next turn.
    private static let discardsPerTurn = 64

    private var table = SlotTable<Connection>()
    /// Connections with input that was left unread, to be fair to others.
    private var unread: [Token] = []
    private var closing: [(slot: UInt32, reason: CloseReason)] = []
    private var timeouts = TimerWheel()
    private var woken: [(tick: UInt32, token: UInt64)] = []
    /// Input is read into this; nothing of it is kept beyond the read.
    private var inputBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Lays out bytes that belong to one connection.
    private var scratch = WriteBatch()
    /// The tick of the turn.
    var tick: UInt32 = 0

    var count: Int { table.count }
    var slots: [UInt32] { table.slots }
    var hasUnread: Bool { !unread.isEmpty }

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

    /// Writes bytes that belong to one stream.
    mutating func write(
        _ bytes: ArraySlice<UInt8>, to stream: StreamHandle, moreFollows: Bool = false
    ) -> WriteResult {
        scratch.load(bytes)
        return write(scratch, from: 0, to: stream, moreFollows: moreFollows)
    }

    /// Writes the rest of an event.
    mutating func write(_ pending: PendingOutput, to stream: StreamHandle) -> WriteResult {
        switch pending {
        case .event(let frame, let offset):
            scratch.load(frame, from: offset)
            defer { scratch.clear() }
            return write(scratch, from: 0, to: stream)
        case .bytes(let bytes, let offset): return write(bytes[offset...], to: stream)
        }
    }

    /// Writes the answers of an exchange.
    ///
    /// - Returns: whether all of them are out. A broken connection is closed.
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

    // MARK: Reading

    /// Records what epoll reported, or that the input of a connection is to be read on.
    mutating func noteInput(_ slot: UInt32, hasHungUp: Bool) {
        table[slot].input = .readable
        if hasHungUp { table[slot].hasHungUp = true }
    }

    /// Queues a connection whose input is to be read in the next turn, although epoll will not report it again.
    mutating func queueRead(_ slot: UInt32) {
        guard table[slot].input != .queued else { return }
        table[slot].input = .queued
        unread.append(table.token(slot))
    }

    /// Queues a connection that did not read on while an answer had to wait.
    mutating func queueReadIfReadable(_ slot: UInt32) {
        if table[slot].input == .readable { queueRead(slot) }
    }

    /// The connections that were queued.
    mutating func takeUnread() -> [Token] {
        defer { unread.removeAll(keepingCapacity: true) }
        return unread
    }

    /// Reads once. The buffer is passed to `use`, which gets the number of bytes in it.
    mutating func read(_ slot: UInt32, _ buffer: inout [UInt8]) -> ReadOutcome {
        let outcome = table[slot].transport.read(into: &buffer)
        switch outcome {
        case .bytes(let count):
            // A short read has emptied the socket, and epoll reports the next arrival. An end of the stream that epoll has
            // reported already is not reported again.
            if count < buffer.count, !table[slot].hasHungUp { table[slot].input = .drained }
        case .wouldBlock, .end, .failed: table[slot].input = .drained
        }
        return outcome
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
    /// - Returns: whether the client has finished sending or is gone.
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
        queueRead(slot)
        return false
    }

    // MARK: Deadlines

    mutating func setTimeout(_ slot: UInt32, after milliseconds: UInt64) {
        timeouts.schedule(
            &table[slot].deadline, table.token(slot).rawValue, at: tick + TurnTime.ticks(milliseconds))
    }

    /// The connections whose deadline has come.
    mutating func takeTimedOut() -> [UInt32] {
        timeouts.advance(to: tick, into: &woken)
        defer { woken.removeAll(keepingCapacity: true) }
        var timedOut: [UInt32] = []
        for (tick, token) in woken {
            guard let slot = table.slot(of: Token(rawValue: token)) else { continue }
            if timeouts.isDue(&table[slot].deadline, token, woken: tick) { timedOut.append(slot) }
        }
        return timedOut
    }

    // MARK: Closing

    /// Everything is answered: finishes sending and waits for the client to close.
    mutating func linger(_ slot: UInt32) {
        table[slot].state = .lingering
        table[slot].transport.finishSending()
        setTimeout(slot, after: Self.lingerTimeout)
        queueReadIfReadable(slot)
    }

    /// Marks a connection to be closed at the end of the turn. Nothing is freed in the middle of a turn: other parts of it
    /// may still use the slot.
    mutating func close(_ slot: UInt32, _ reason: CloseReason) {
        if case .closed = table[slot].state { return }
        table[slot].state = .closed
        closing.append((slot, reason))
    }

    /// Closes what was marked.
    ///
    /// - Returns: the reason of each.
    mutating func closeMarked() -> [CloseReason] {
        guard !closing.isEmpty else { return [] }
        defer { closing.removeAll(keepingCapacity: true) }
        for (slot, _) in closing { table.remove(slot) }
        return closing.map(\.reason)
    }
}
