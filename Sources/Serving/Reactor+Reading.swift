import Broadcasting
import EventStreams
import HTTPMessages
import Kernel

extension Reactor {
    /// Reads of 64 KiB in one go; a fast publisher must not keep the others waiting.
    private static var readsPerTurn: Int { 4 }

    mutating func resumeReading(_ slot: UInt32, _ readiness: Readiness) {
        connections[slot].isReadable = true
        if readiness.isHangUp { connections[slot].isHungUp = true }
        switch connections[slot].phase {
        case .exchange: readRequests(slot)
        // A subscriber that has finished sending has gone: a browser never half-closes.
        case .live, .behind, .ending:
            if connections[slot].isHungUp { close(slot, .client) } else { discardInput(slot) }
        case .lingering: discardInput(slot)
        case .dead: return
        }
    }

    mutating func queueRead(_ slot: UInt32) {
        guard !connections[slot].isQueuedToRead else { return }
        connections[slot].isQueuedToRead = true
        reads.append(connections.token(slot))
    }

    mutating func continueReads() {
        guard !reads.isEmpty else { return }
        let tokens = reads
        reads.removeAll(keepingCapacity: true)
        for token in tokens {
            guard let slot = connections.slot(of: token) else { continue }
            connections[slot].isQueuedToRead = false
            if connections[slot].isReadable { resumeReading(slot, []) }
        }
    }

    mutating func readRequests(_ slot: UInt32) {
        for _ in 0..<Self.readsPerTurn {
            if let exchange = connections[slot].exchange {
                // Not read on: the client's bytes stay in the kernel, and TCP tells it to slow down.
                if exchange.isHeld || exchange.isFinal || exchange.isClogged || exchange.isCutShort { return }
            }
            // The buffer is taken out of the loop's state while it is read from: what the requests ask for needs all
            // of that state.
            var buffer: [UInt8] = []
            swap(&buffer, &inputBuffer)
            defer { swap(&buffer, &inputBuffer) }
            switch connections[slot].descriptor.read(into: &buffer) {
            case .bytes(let count):
                let exchange = connections[slot].exchange ?? beginExchange(slot)
                take(buffer.span.extracting(0..<count), slot, exchange)
                pump(slot)
                guard connections[slot].phase == .exchange else { return }
                // A short read has emptied the socket, and what comes next is told by epoll; but an end of the stream
                // that has been told already is not told again.
                if count < buffer.count, !connections[slot].isHungUp {
                    connections[slot].isReadable = false
                    return
                }
            case .wouldBlock:
                connections[slot].isReadable = false
                return
            case .end, .failed:
                return endOfInput(slot)
            }
        }
        queueRead(slot)
    }

    /// The client has finished sending. What it asked for in full is still answered.
    private mutating func endOfInput(_ slot: UInt32) {
        connections[slot].isReadable = false
        guard let exchange = connections[slot].exchange, exchange.hasOutput || exchange.isHeld else {
            return close(slot, .client)
        }
        exchange.keepsAlive = false
        exchange.sawEnd = true
    }

    /// Feeds input to the parser and does what it finds, until the input is used up, or answers have to wait, or the
    /// connection has become a stream. What is left is kept.
    private mutating func take(_ input: borrowing Span<UInt8>, _ slot: UInt32, _ exchange: Exchange) {
        var offset = 0
        while offset < input.count || exchange.parser.isInBody {
            if exchange.isHeld || exchange.isClogged {
                unsafe input.extracting(offset..<input.count).withUnsafeBufferPointer {
                    unsafe exchange.input.append(contentsOf: $0)
                }
                exchange.isCutShort = true
                return
            }
            do throws(Refusal) {
                switch try exchange.parser.next(input, &offset) {
                case .needsMore: return
                case .head(let head): begin(head, slot, exchange)
                case .body(let range): collect(input.extracting(range), slot, exchange)
                case .end: end(slot, exchange)
                }
            } catch {
                refuse(slot, Problem(error))
            }
            guard connections[slot].phase == .exchange, !exchange.isFinal else { return }
        }
    }

    /// Writes answers and goes on with input that was kept, by turns, until one of them has to wait.
    mutating func pump(_ slot: UInt32) {
        while connections[slot].phase == .exchange, let exchange = connections[slot].exchange, !exchange.isHeld {
            guard flushOutput(slot, exchange) else { return }
            if exchange.isFinal { return linger(slot) }
            guard exchange.isCutShort else {
                if exchange.sawEnd { return close(slot, .answered) }
                if exchange.isIdle { connections[slot].exchange = nil }
                return
            }
            exchange.isCutShort = false
            var input: [UInt8] = []
            swap(&input, &exchange.input)
            take(input.span, slot, exchange)
        }
    }

    private mutating func beginExchange(_ slot: UInt32) -> Exchange {
        let exchange = Exchange(limits: settings.messages)
        connections[slot].exchange = exchange
        // The time for a first head runs since the connection was accepted.
        if !connections[slot].isFresh { setDeadline(slot, after: settings.headTimeout) }
        connections[slot].isFresh = false
        return exchange
    }

    private mutating func begin(_ head: RequestHead, _ slot: UInt32, _ exchange: Exchange) {
        exchange.keepsAlive = head.keepsAlive && drainDeadline == nil
        exchange.isHead = head.method == "HEAD"
        if connections[slot].isRefused { return refuseForLackOfRoom(slot, head) }
        let router = Router(
            roles: listeners[Int(connections[slot].listener)].roles, channelsPerRequest: settings.channelsPerRequest,
            now: today)
        switch router.route(head) {
        // Whoever still has a body to send is told now, and not after it has come.
        case .problem(let problem) where head.framing != .none: refuse(slot, problem)
        case .publish(let request):
            if head.expectsContinue { exchange.output += ResponseWriter.continueResponse }
            exchange.request = request.isStreamed ? .stream(stream(request)) : .publish(request, body: [])
            setDeadline(slot, after: settings.bodyTimeout)
        case let route:
            exchange.request = .other(route)
            if head.framing != .none { setDeadline(slot, after: settings.bodyTimeout) }
        }
    }

    private mutating func collect(_ bytes: Span<UInt8>, _ slot: UInt32, _ exchange: Exchange) {
        if let stream = exchange.stream {
            stream.feed(bytes)
            return publishOn(stream, slot, exchange)
        }
        guard case .publish(let request, var body) = exchange.request else { return }
        exchange.request = .none
        unsafe bytes.withUnsafeBufferPointer { unsafe body.append(contentsOf: $0) }
        exchange.request = .publish(request, body: body)
    }

    private mutating func end(_ slot: UInt32, _ exchange: Exchange) {
        if let stream = exchange.stream {
            stream.finish()
            return publishOn(stream, slot, exchange)
        }
        let request = exchange.request
        exchange.request = .none
        switch request {
        case .none, .stream: break
        case .other(let route): answer(route, slot, exchange)
        case .publish(let request, let body): publish(request, body, slot, exchange)
        }
        if !exchange.isHeld { awaitNext(slot, exchange) }
    }

    /// Gets ready for the next request, when one has been answered.
    mutating func awaitNext(_ slot: UInt32, _ exchange: Exchange) {
        // A mistake in what comes next is not the answer to this one.
        exchange.isHead = false
        // The next request has its own time; a client that pipelines has already begun it.
        if connections[slot].phase == .exchange { setDeadline(slot, after: settings.idleTimeout) }
    }
}
