import Broadcasting
import HTTPMessages
import Kernel
import Logging

/// Serves requests: the loop reads bytes, the exchange parses them into work, the loop does the work and writes the
/// answers.
extension Reactor {
    /// The most reads of 64 KiB from one connection in a turn: a fast publisher must not keep the others waiting.
    private static var readsPerTurn: Int { 4 }
    /// The most bytes that a read takes when several connections send, unless crier collects a body: small requests and
    /// events take far longer than the bytes of one large event.
    private static var smallRead: Int { 2 * 1024 }

    // MARK: Reading and writing

    /// Reads connections whose input the loop left unread in earlier turns: at least one, and others while there is time.
    mutating func readUnread() {
        for number in 0..<connections.unreadCount {
            guard number == 0 || time.mayRead, let token = connections.takeUnread() else { return }
            readOn(token)
        }
    }

    private mutating func readOn(_ token: Connections.Token) {
        guard let slot = connections.slot(of: token), connections[slot].input == .queued else { return }
        connections[slot].input = .readable
        read(slot)
    }

    /// Reads the input of a connection.
    mutating func read(_ slot: UInt32) {
        switch connections[slot].state {
        case .fresh, .idle, .exchanging: serve(slot)
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
            connections.queueReadIfReadable(slot)
        case .streaming(let subscriber):
            if subscribers.unblock(subscriber) { catchUp.append(subscribers.token(subscriber)) }
        case .fresh, .idle, .lingering, .closed: break
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
                if exchange.isWaiting || exchange.isFinished || exchange.isClogged || exchange.isInterrupted { return }
            }
            guard connections[slot].input != .drained else { return }
            let isLarge = connections[slot].exchange?.isCollecting == true || !connections.hasSeveralReaders
            switch connections.read(slot, &buffer, atMost: isLarge ? buffer.count : Self.smallRead) {
            case .bytes(let count):
                let exchange = connections[slot].exchange ?? startExchange(slot)
                perform(buffer.span.extracting(0..<count), slot, exchange)
                guard settle(slot, exchange) else { return }
                if exchange.isStreaming { return connections.queueReadIfReadable(slot) }
            case .wouldBlock: return
            case .end, .failed: return endInput(slot)
            }
        }
        connections.queueReadIfReadable(slot)
    }

    private mutating func startExchange(_ slot: UInt32) -> Exchange {
        // The time for a first head already runs since the loop accepted the connection.
        if case .idle = connections[slot].state { connections.setTimeout(slot, after: settings.headTimeout) }
        return connections.startExchange(slot, settings.messages, context.bodies)
    }

    /// The client has finished sending.
    private mutating func endInput(_ slot: UInt32) {
        guard let exchange = connections[slot].exchange, !exchange.output.isEmpty || exchange.isWaiting else {
            return connections.close(slot, .client)
        }
        exchange.endInput()
    }

    /// Serves the requests in some input, until all are done or one of them has to wait.
    private mutating func perform(_ input: borrowing Span<UInt8>, _ slot: UInt32, _ exchange: Exchange) {
        let listener = context.listeners[Int(connections[slot].listener)]
        let rules = Exchange.Rules(
            router: Router(
                roles: listener.roles, hosts: listener.hosts, nameLimits: settings.names,
                now: time.today,
                clockAhead: time.clockAhead),
            admission: connections[slot].admission, isDraining: drain != nil, bodyLimit: settings.messages.body,
            bodiesLimit: settings.bodies)
        var offset = 0
        while let work = exchange.next(input, &offset, rules) {
            perform(work, slot, exchange)
            guard connections[slot].exchange === exchange else { return }
        }
    }

    /// Writes answers and continues with interrupted input, in turns.
    ///
    /// - Returns: whether the connection may read on.
    mutating func settle(_ slot: UInt32, _ exchange: Exchange) -> Bool {
        while connections[slot].exchange === exchange {
            if let timeout = exchange.takeTimeout() { connections.setTimeout(slot, after: settings[timeout]) }
            if exchange.isWaiting { return false }
            let isFlushed = connections.flush(exchange, slot)
            guard connections[slot].exchange === exchange else { return false }
            if exchange.isFinished {
                if isFlushed { connections.linger(slot) }
                return false
            }
            if exchange.isInterrupted {
                guard !exchange.isClogged else { return false }
                perform(exchange.takeKept().span, slot, exchange)
                continue
            }
            if exchange.inputEnded {
                if isFlushed { connections.close(slot, .answered) }
                return false
            }
            if exchange.isIdle { connections.becomeIdle(slot, after: exchange) }
            return !exchange.isClogged
        }
        return false
    }

    // MARK: Work

    private mutating func perform(_ work: Exchange.Work, _ slot: UInt32, _ exchange: Exchange) {
        switch work {
        case .answer(.subscribe(let request, let form)): subscribe(slot, request, form, exchange)
        case .answer(.describeStream(let form)): exchange.respondAndFinish(StreamOpening.head(form.framing))
        case .answer(.endChannel(let name)): end(name, slot, exchange)
        case .answer(let route):
            if let answer = HubAnswers(hub: context.hub).answer(route) { exchange.respond(answer) }
        case .publish(let request, let body): publish(request, body, slot, exchange)
        case .publishPart(let publications, let stream): publish(publications, stream, slot, exchange)
        case .turnAway(let framing): turnAway(exchange, framing)
        }
    }

    /// Opens a stream only to make its client reconnect much later. An EventSource would never reconnect after a status
    /// other than 200.
    mutating func turnAway(_ exchange: Exchange, _ framing: StreamFraming) {
        let retry = StreamOpening.jittered(max(settings.retry, 1000) * 10, using: &generator)
        exchange.respondAndFinish(StreamOpening.bytes(framing, retry: retry) + framing.end)
    }

    /// Publishes a complete body.
    private mutating func publish(_ request: PublishRequest, _ body: [UInt8], _ slot: UInt32, _ exchange: Exchange) {
        let publications: [Publication]
        do throws(Problem) {
            publications = try request.publications(body, settings.names)
        } catch {
            return exchange.respond(error.answer)
        }
        let outcome = context.hub.publish(
            publications[...], idempotency: request.idempotency(publications), reply: replyAddress(slot),
            now: time.today)
        switch outcome {
        case .published(let receipt): acknowledge(receipt, slot, exchange)
        case .repeated(let receipt): exchange.respond(.json(Summaries.receipt(receipt)))
        case .pending: exchange.awaitArchive(.publish)
        case .refused(let refusal): exchange.respond(Problem(refusal).answer)
        }
    }

    /// Publishes a part of a body that continues.
    private mutating func publish(
        _ publications: ArraySlice<Publication>, _ stream: PublishStream, _ slot: UInt32, _ exchange: Exchange
    ) {
        switch context.hub.publish(publications, reply: replyAddress(slot), now: time.today) {
        case .published(let receipt), .repeated(let receipt): acknowledge(receipt, slot, exchange)
        case .pending: exchange.awaitArchive(.stream(stream))
        case .refused(let refusal): stream.stop(Problem(refusal))
        }
    }

    private mutating func end(_ name: ChannelName, _ slot: UInt32, _ exchange: Exchange) {
        switch context.hub.end(name, reply: replyAddress(slot), now: time.today) {
        case nil: exchange.respond(Problem.noSuchChannel.answer)
        case .ended(let subscribers): exchange.respond(.json(Summaries.ended(name, subscribers: subscribers)))
        case .pending: exchange.awaitArchive(.end(name))
        }
    }

    private func replyAddress(_ slot: UInt32) -> ReplyAddress {
        ReplyAddress(loop: context.index, token: connections.token(slot).rawValue)
    }

    /// Answers a publish whose events are in the log, and holds the publisher if fan-out is behind with its channels.
    private mutating func acknowledge(_ receipt: Receipt, _ slot: UInt32, _ exchange: Exchange) {
        exchange.published(receipt)
        context.status.published.add(receipt.count)
        guard context.throttle.mustWait(receipt.backlogs, limit: settings.fanoutBacklog) else { return }
        exchange.awaitFanOut(receipt.backlogs)
        held.hold(connections.token(slot))
    }

    // MARK: Continuing after a wait

    /// Continues with the connection or the subscriber that waited for a completion.
    mutating func resume(after completion: Completion) {
        switch completion {
        case .published(let token, let receipt):
            guard let (slot, exchange, _) = resumeFromArchive(token) else { return }
            acknowledge(receipt, slot, exchange)
            resume(slot, exchange)
        case .ended(let token, let subscribers):
            guard let (slot, exchange, write) = resumeFromArchive(token) else { return }
            if case .end(let name) = write { exchange.respond(.json(Summaries.ended(name, subscribers: subscribers))) }
            resume(slot, exchange)
        case .refused(let token, let refusal):
            guard let (slot, exchange, write) = resumeFromArchive(token) else { return }
            if case .stream(let stream) = write {
                stream.stop(Problem(refusal))
            } else {
                exchange.respond(Problem(refusal).answer)
            }
            resume(slot, exchange)
        case .unreadable(let token):
            catchUp.fetchFailed(for: Subscribers.Token(rawValue: token), &subscribers)
        case .fetched(let token, let frames, let missing):
            // If the log has evicted the event since the loop asked for it, nothing is wrong.
            if let missing, context.hub.evictUnreadable(missing) {
                context.log.error(
                    "an event cannot be read back; subscribers that missed it get a gap",
                    metadata: ["sequence": "\(missing)"])
            }
            catchUp.fetched(frames, for: Subscribers.Token(rawValue: token), &subscribers, connections, fanOut)
            leaveEndedTopics()
        }
    }

    private func resumeFromArchive(_ token: UInt64) -> (UInt32, Exchange, Exchange.AwaitedWrite)? {
        guard let slot = connections.slot(of: Connections.Token(rawValue: token)),
            let exchange = connections[slot].exchange, let write = exchange.resumeFromArchive()
        else { return nil }
        return (slot, exchange, write)
    }

    /// Continues with interrupted input, and with reading.
    private mutating func resume(_ slot: UInt32, _ exchange: Exchange) {
        if !exchange.isWaiting { perform(exchange.takeKept().span, slot, exchange) }
        if settle(slot, exchange) { connections.queueReadIfReadable(slot) }
    }

    /// Answers the held publishers whose backlogs have fallen to the limit, in the order in which they came.
    mutating func releaseHeldPublishers() {
        for token in held.takeAfterRelief(context.throttle) {
            guard let slot = connections.slot(of: token), let exchange = connections[slot].exchange,
                case .awaitingFanOut(let backlogs, _) = exchange.state
            else { continue }
            if context.throttle.mustWait(backlogs, limit: settings.fanoutBacklog) {
                held.hold(token)
            } else {
                exchange.resumeFromFanOut()
                resume(slot, exchange)
            }
        }
    }

    // MARK: Timeouts

    /// The deadline of a connection has come.
    mutating func timeOut(_ slot: UInt32) {
        switch connections[slot].state {
        case .fresh, .idle: connections.close(slot, .idle)
        case .lingering: connections.close(slot, .answered)
        case .streaming, .closed: break
        case .exchanging(let exchange):
            // A client without an answer waits for crier, and a body that crier publishes as it arrives may stay open
            // for days.
            if exchange.isWithinEvent {
                exchange.stopStream(Problem(408, "The rest of an event did not come in time."))
                _ = settle(slot, exchange)
            } else if exchange.isWaiting || exchange.isStreaming {
                connections.setTimeout(slot, after: settings.bodyTimeout)
            } else if exchange.isFinished || !exchange.output.isEmpty {
                connections.close(slot, .timeout)
            } else if let part = exchange.unfinishedPart {
                exchange.refuse(Problem(408, "The \(part) of the request did not come in time."))
                _ = settle(slot, exchange)
            } else {
                connections.close(slot, .idle)
            }
        }
    }
}
