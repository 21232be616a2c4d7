import Access
import Broadcasting
import HTTPMessages
import Kernel
import Logging

/// Reads connections: the exchange of a connection parses the bytes into work, and the loop does the work and writes the
/// answers.
extension Reactor {
    /// The most reads of 64 KiB from one connection in a turn: a fast publisher must not keep the others waiting.
    private static var readsPerTurn: Int { 4 }
    /// The most bytes that a read takes when several connections send, unless crier collects a body: small requests and
    /// events take far longer than the bytes of one large event.
    private static var smallRead: Int { 2 * 1024 }

    /// The answer to a request that does not end before a restart.
    static var restarts: Problem { Problem(503, "The daemon restarts.", retryAfter: 1) }
    /// The same before a stop.
    static var stops: Problem { Problem(503, "The daemon stops.", retryAfter: 1) }

    /// The answer to a body that crier publishes as it arrives: nil unless the loop stops.
    var stopProblem: Problem? { drain != nil ? Self.stops : isSettling ? Self.restarts : nil }

    /// The most nanoseconds that a quick connection takes.
    private static var quickRead: UInt64 { 64_000 }

    // MARK: Reading and writing

    /// Reads quick connections that wait: at least one, and others while there is time.
    mutating func readQuick() {
        guard var token = connections.takeQuick() else { return }
        repeat {
            readOn(token)
            guard time.mayRead, let next = connections.takeQuick() else { return }
            token = next
        } while true
    }

    /// Reads other connections that wait: at least one, and others while there is time. They come after the events of
    /// quick ones have been written, so that clients whose requests take long delay nobody else by more than one part of
    /// a turn, however many they are.
    mutating func readOthers() {
        for _ in 0..<connections.otherCount {
            guard let token = connections.takeOther() else { return }
            readOn(token)
            guard time.mayRead else { return }
        }
    }

    private mutating func readOn(_ token: Connections.Token) {
        guard let slot = connections.slot(of: token), connections[slot].input == .queued else { return }
        connections[slot].input = .readable
        read(slot)
    }

    /// Reads the input of a connection, and notes how long that took.
    mutating func read(_ slot: UInt32) {
        let start = Clock.monotonicNanoseconds
        readInput(of: slot)
        connections[slot].isQuick = Clock.monotonicNanoseconds - start <= Self.quickRead
    }

    private mutating func readInput(of slot: UInt32) {
        switch connections[slot].state {
        case .fresh, .idle, .exchanging:
            if leavesRequests(slot) { return }
            if readProxyHeader(slot) { serve(slot) }
        case .streaming(let subscriber):
            // A browser never half-closes, so a subscriber that has finished sending has disconnected.
            if connections[slot].hasHungUp || connections.discardInput(slot) { subscribers.close(subscriber, .client) }
        case .lingering: if connections.discardInput(slot) { connections.close(slot, .answered) }
        case .closed: break
        }
    }

    /// The socket of a connection takes bytes again.
    mutating func writeOn(_ slot: UInt32) {
        switch connections[slot].state {
        case .exchanging(let exchange):
            guard !exchange.output.isEmpty, settle(slot, exchange) else { return }
            connections.queueIfReadable(slot)
        case .streaming(let subscriber):
            if subscribers.unblock(subscriber) { catchUp.append(subscribers.token(subscriber)) }
        case .fresh, .idle, .lingering, .closed: break
        }
    }

    /// Reads the header of the PROXY protocol, on a listener for it, and counts the connection for its client.
    ///
    /// - Returns: whether requests may follow.
    private mutating func readProxyHeader(_ slot: UInt32) -> Bool {
        guard case .awaited = connections[slot].proxied else { return true }
        switch connections.readProxyHeader(slot) {
        case .needsMore: return false
        case .invalid:
            connections.close(slot, .refused)
            return false
        case .header(let header):
            let address = header.client.flatMap { IPAddress(bytes: $0) }
            connections[slot].proxied = address.map { .known(Connection.ProxiedClient.Box($0)) } ?? .unknown
            guard connections[slot].arrival.admission == .served else { return true }
            guard let (admission, place) = acceptor.admit(address, settings) else {
                connections.close(slot, .refused)
                return false
            }
            let listener = connections[slot].arrival.listener
            connections[slot].arrival = Arrival(listener: listener, admission: admission, address: place)
            if admission != .served { connections.setTimeout(slot, after: Self.refusalTimeout) }
            return true
        }
    }

    /// Reads requests and answers them, until the connection has to wait for input, for its socket, or for an answer.
    private mutating func serve(_ slot: UInt32) {
        // The work of the requests needs all of the loop's state, so the buffer must not be part of it meanwhile.
        var buffer = connections.takeBuffer()
        defer { connections.returnBuffer(&buffer) }
        for _ in 0..<Self.readsPerTurn {
            if let exchange = connections[slot].exchange {
                // Leave the bytes in the kernel: TCP then slows the client down.
                if isHeld(exchange) || exchange.isFinished || exchange.isClogged { return }
                if exchange.isInterrupted {
                    serveRequests(in: exchange.takeKept().span, slot, exchange)
                    guard settle(slot, exchange) else { return }
                }
            }
            guard connections[slot].input != .drained, !leavesRequests(slot) else { return }
            let isLarge = connections[slot].exchange?.isCollecting == true || !connections.hasSeveralReaders
            switch connections.read(slot, &buffer, atMost: isLarge ? buffer.count : Self.smallRead) {
            case .bytes(let count):
                let exchange = connections[slot].exchange ?? startExchange(slot)
                exchange.progress.countRead(count)
                serveRequests(in: buffer.span.extracting(0..<count), slot, exchange)
                guard settle(slot, exchange) else { return }
                if exchange.stream != nil { return connections.queueIfReadable(slot) }
            case .wouldBlock: return
            case .end, .failed: return endInput(slot)
            }
        }
        connections.queueIfReadable(slot)
    }

    /// Whether an answer must come before the exchange reads on. A loop that stops reads nothing ahead, or a publisher that never
    /// pauses would hold it up.
    private func isHeld(_ exchange: Exchange) -> Bool {
        exchange.isWaiting && (stopProblem != nil || !exchange.readsAhead)
    }

    private mutating func startExchange(_ slot: UInt32) -> Exchange {
        // The time for a first head already runs since the loop accepted the connection.
        let time: UInt64 =
            if case .idle = connections[slot].state { settings.headTimeout } else { connections.timeLeft(slot) }
        let exchange = connections.startExchange(slot, settings.messages, context.bodies, context.status)
        start(.head, slot, exchange, time)
        return exchange
    }

    /// Starts the time that a client has for the next part of a request.
    private mutating func start(
        _ timeout: Exchange.Timeout, _ slot: UInt32, _ exchange: Exchange, _ milliseconds: UInt64
    ) {
        let least = settings.leastRate(timeout)
        exchange.progress.measurePace(least: least, from: time.now, to: time.now + milliseconds)
        connections.setTimeout(slot, after: least == 0 ? milliseconds : min(milliseconds, RequestPace.grace))
    }

    /// The client has finished sending.
    private mutating func endInput(_ slot: UInt32) {
        guard let exchange = connections[slot].exchange, !exchange.output.isEmpty || exchange.isWaiting else {
            return connections.close(slot, .client)
        }
        exchange.endInput()
    }

    /// Serves the requests in some input, until all are done, one of them has to wait, or others have their turn.
    mutating func serveRequests(in input: borrowing Span<UInt8>, _ slot: UInt32, _ exchange: Exchange) {
        let rules = rules(slot)
        var offset = 0
        while let work = exchange.next(input, &offset, rules) {
            perform(work, slot, exchange)
            guard connections[slot].exchange === exchange else { return }
            if let stopProblem, exchange.isStreaming, !exchange.hasUnpublishedEvents {
                return exchange.stopStream(stopProblem)
            }
            // One read may hold a thousand events or requests, and each of them may take long.
            if offset < input.count || exchange.hasUnpublishedEvents, !time.mayRead {
                return exchange.keep(input.extracting(offset..<input.count))
            }
        }
    }

    /// How the loop treats the requests of a connection.
    func rules(_ slot: UInt32) -> Exchange.Rules {
        let listener = context.listeners[Int(connections[slot].arrival.listener)]
        let policy = settings.access
        return Exchange.Rules(
            router: Router(
                roles: listener.roles, hosts: listener.hosts, origins: listener.origins,
                allowsQueryToken: policy?.allowsQueryToken ?? false, isAccessControlled: policy != nil,
                nameLimits: settings.names, now: time.today,
                clockAhead: time.clockAhead),
            access: policy.map { accessCheck(slot, listener, $0) },
            address: needsAddress ? ClientAddress(peer: peerAddress(slot), settings) : nil, publishRate: publishRate,
            admission: connections[slot].arrival.admission,
            isDraining: drain != nil || settling.map { time.now >= $0.patienceEnd } ?? false,
            bodyLimit: settings.messages.body, publishLimit: context.hub.publishLimit,
            bodiesLimit: settings.bodies)
    }

    private func accessCheck(_ slot: UInt32, _ listener: SharedListener, _ policy: AccessPolicy) -> AccessCheck {
        AccessCheck(
            policy: policy, names: settings.names, origins: listener.origins,
            tokenless: policy.peers.flatMap { peerGrant(slot, listener, $0) } ?? policy.anonymous,
            address: policy.decider == nil ? nil : ClientAddress(peer: peerAddress(slot), settings),
            clock: Clock.realtime)
    }

    /// Whether a limit depends on the address of the client, or a proxy says who that is.
    private var needsAddress: Bool {
        settings.publishRate != .unlimited || settings.subscribersPerAddress > 0 || !settings.trustedProxies.isEmpty
            || settings.trustsUnixPeers
    }

    var publishRate: PublishRate? {
        guard settings.publishRate != .unlimited else { return nil }
        return PublishRate(limiter: context.limiter, rate: settings.publishRate, burst: settings.publishBurst)
    }

    /// The address of a connection; nil on a Unix socket, or when a proxy does not know it.
    func peerAddress(_ slot: UInt32) -> IPAddress? {
        switch connections[slot].proxied {
        case .none: IPAddress(connections[slot].transport.peer)
        case .awaited, .unknown: nil
        case .known(let box): box.address
        }
    }

    /// The grant of the user at the other end of a Unix socket; nil for others.
    private func peerGrant(_ slot: UInt32, _ listener: SharedListener, _ peers: AccessPolicy.Peers) -> Grant? {
        guard !listener.isTCP, let peer = connections[slot].transport.peerIdentity else { return nil }
        let isListed = peers.users.contains(peer.user) || !peers.groups.isDisjoint(with: peer.groups)
        return isListed ? peers.grant : nil
    }

    /// Writes answers and continues with interrupted input, in turns.
    ///
    /// - Returns: whether the connection may read on.
    mutating func settle(_ slot: UInt32, _ exchange: Exchange) -> Bool {
        while connections[slot].exchange === exchange {
            if var timeout = exchange.takeTimeout() {
                // The beginning of the next head has come together with the request before.
                if timeout == .idle, exchange.unfinishedPart == "head" { timeout = .head }
                start(timeout, slot, exchange, settings[timeout])
            }
            if exchange.isWaiting { return !isHeld(exchange) }
            let isFlushed = connections.flush(exchange, slot)
            guard connections[slot].exchange === exchange else { return false }
            if exchange.isFinished {
                if isFlushed { connections.linger(slot) }
                return false
            }
            if exchange.isInterrupted {
                guard !exchange.isClogged else { return false }
                guard time.mayRead else {
                    connections.queueToContinue(slot)
                    return false
                }
                serveRequests(in: exchange.takeKept().span, slot, exchange)
                continue
            }
            if exchange.inputEnded {
                if isFlushed { connections.close(slot, .answered) }
                return false
            }
            if exchange.isIdle {
                connections.becomeIdle(slot, after: exchange)
            } else if settings.incompleteRequests > 0, exchange.unfinishedPart != nil, !exchange.isStreaming {
                exchange.countAsIncomplete(context.incompleteRequests, limit: settings.incompleteRequests)
                if exchange.isFinished { continue }
            }
            return !exchange.isClogged
        }
        return false
    }
}
