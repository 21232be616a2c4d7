import Access
import Broadcasting
import HTTPMessages
import Kernel
import Logging

/// Does the work of requests, and continues with requests that had to wait.
extension Reactor {
    // MARK: Work

    mutating func perform(_ work: Exchange.Work, _ slot: UInt32, _ exchange: Exchange) {
        switch work {
        // The client may have sent the rest of the request long after the head, and a verdict may be older than a reload.
        case .answer(let route) where route.needsGrant && isOver(exchange.grant):
            exchange.respond(Problem.grantIsOver.answer)
        case .publish where isOver(exchange.grant): exchange.respond(Problem.grantIsOver.answer)
        case .answer(.subscribe(let request, let form, let tellsSession)):
            subscribe(slot, request, form, tellsSession: tellsSession, exchange)
        case .answer(.describeStream(_, let form)):
            exchange.respondAndFinish(StreamOpening.head(form.framing, exchange.originFields))
        case .answer(.endChannel(let name)): end(name, slot, exchange)
        case .answer(.listSessions(let filter, let place, let question)):
            if let question, askNode(question, slot, exchange) { return }
            ask(.list(filter, from: place, count: Self.sessionsPerPage), slot, exchange)
        case .answer(.showPresence(let name, let place)):
            let filter = SessionFilter(subject: .channel(name))
            ask(.list(filter, from: place, count: Self.sessionsPerPage), slot, exchange, presenceOf: name)
        case .answer(.showSession(let session)): ask(.show(session), slot, exchange)
        case .answer(.endSession(let session)): ask(.end(session), slot, exchange)
        case .answer(.endSessions(let filter)): ask(.endAll(filter), slot, exchange)
        case .answer(.readiness): checkReadiness(slot, exchange)
        case .answer(.showAccess(let roles)):
            exchange.respond(AccessAnswer(grant: settings.access == nil ? nil : exchange.grant, roles: roles).answer)
        case .answer(.showConfiguration):
            exchange.respond(Answer(status: 200, type: "application/toml", body: settings.configuration))
        case .answer(.state): exchange.respond(StateAnswer(context: context).answer)
        case .answer(.metrics(let format)): exchange.respond(MetricsAnswer(context: context).answer(format))
        case .answer(let route):
            if let answer = HubAnswers(hub: context.hub).answer(route) { exchange.respond(answer) }
        case .publish(let request, let body):
            if request.session == nil {
                publish(request, body, slot, exchange)
            } else {
                push(request, body, slot, exchange)
            }
        case .publishPart(let publications, let stream):
            if let session = stream.session {
                push(publications, to: session, stream, slot, exchange)
            } else {
                publish(publications, stream, slot, exchange)
            }
        case .verify(let token): verify(token, slot, exchange)
        case .ask(let question): ask(question, slot, exchange)
        case .turnAway(let framing): turnAway(exchange, framing)
        }
    }

    /// Opens a stream only to make its client reconnect much later. An EventSource would never reconnect after a status
    /// other than 200.
    mutating func turnAway(_ exchange: Exchange, _ framing: StreamFraming) {
        context.status.countRefusal(status: 503)
        let retry = StreamOpening.jittered(max(settings.retry, 1000) * 10, using: &generator)
        exchange.respondAndFinish(
            StreamOpening.bytes(framing, retry: retry, origin: exchange.originFields) + framing.end)
    }

    // MARK: Grants

    /// Whether a grant, or the lack of one, no longer lets the caller in.
    func isOver(_ grant: Grant?) -> Bool {
        guard settings.access != nil else { return false }
        return grant?.isOver(at: Clock.realtime) ?? true
    }

    /// Has a token verified on another thread, or refuses the request when too many wait.
    private mutating func verify(_ token: [UInt8], _ slot: UInt32, _ exchange: Exchange) {
        let (port, connection) = (context.port, connections.token(slot))
        let isQueued = settings.access?.verifier.verify(token, now: Clock.realtime) { verdict in
            port.post(.verified(connection, verdict))
        }
        if isQueued != true { continueExchange(slot, exchange, nil) }
    }

    /// Has somebody else decide about a subscription, or refuses the request when too many wait.
    private mutating func ask(_ question: SubscriptionQuestion, _ slot: UInt32, _ exchange: Exchange) {
        let (port, connection) = (context.port, connections.token(slot))
        let isQueued = settings.access?.decider?.ask(question, now: Clock.realtime) { verdict in
            port.post(.verified(connection, verdict))
        }
        if isQueued != true { continueExchange(slot, exchange, nil) }
    }

    /// A thread has found the grant of a token, or none.
    mutating func resume(_ connection: Connections.Token, _ verdict: Result<Grant, TokenFault>) {
        guard let slot = connections.slot(of: connection), let exchange = connections[slot].exchange,
            case .awaitingGrant = exchange.state
        else { return }
        continueExchange(slot, exchange, verdict)
        guard connections[slot].exchange === exchange else { return }
        resume(slot, exchange)
    }

    /// Another thread, or another loop, has found the answer.
    mutating func resume(_ connection: Connections.Token, with answer: Result<Answer, Problem>) {
        guard let slot = connections.slot(of: connection), let exchange = connections[slot].exchange,
            exchange.resume(with: answer)
        else { return }
        resume(slot, exchange)
    }

    private mutating func continueExchange(_ slot: UInt32, _ exchange: Exchange, _ verdict: Result<Grant, TokenFault>?)
    {
        if let work = exchange.resumeFromVerifier(verdict, rules(slot)) { perform(work, slot, exchange) }
    }

    // MARK: Continuing after a wait

    /// Continues with the connection or the subscriber that waited for a completion.
    mutating func resume(after completion: Completion) {
        switch completion {
        case .published(let token, let receipt):
            guard let (slot, exchange, _) = resumeFromArchive(token) else { return }
            acknowledge(receipt, slot, exchange)
            resume(slot, exchange)
        case .repeated(let token, let receipt):
            guard let (slot, exchange, _) = resumeFromArchive(token) else { return }
            exchange.respond(receipt)
            resume(slot, exchange)
        case .reached(let token):
            guard let (slot, exchange, write) = resumeFromArchive(token) else { return }
            if case .position(var request, let form, let tellsSession) = write {
                request.isJudged = true
                subscribe(slot, request, form, tellsSession: tellsSession, exchange)
            }
            guard connections[slot].exchange === exchange else { return }
            resume(slot, exchange)
        case .ended(let token, let subscribers):
            guard let (slot, exchange, write) = resumeFromArchive(token) else { return }
            if case .end(let name) = write { exchange.respond(.json(Summaries.ended(name, subscribers: subscribers))) }
            resume(slot, exchange)
        case .refused(ReadinessChecks.token, let refusal):
            if case .notStored(let reason) = refusal { context.readiness.refuse(reason) }
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
    mutating func resume(_ slot: UInt32, _ exchange: Exchange) {
        if let stopProblem { exchange.stopStream(stopProblem) }
        if !exchange.isWaiting { serveRequests(in: exchange.takeKept().span, slot, exchange) }
        if settle(slot, exchange) { connections.queueIfReadable(slot) }
    }

    // MARK: Timeouts

    private func lateness(_ part: String?, _ pace: RequestPace.Verdict?) -> Problem {
        guard pace == .tooSlow else { return Problem(408, "The \(part ?? "request") did not come in time.") }
        return Problem(
            408, "The \(part ?? "request") came more slowly than crier allows (limits.head-rate, limits.body-rate).")
    }

    /// The deadline of a connection has come.
    mutating func timeOut(_ slot: UInt32) {
        // The client has sent something, and waits for its turn.
        if connections[slot].isServing, connections[slot].input == .queued {
            return connections.setTimeout(slot, after: TurnTime.tickLength)
        }
        switch connections[slot].state {
        case .fresh, .idle: connections.close(slot, .idle)
        case .lingering: connections.close(slot, .answered)
        case .streaming, .closed: break
        case .exchanging(let exchange):
            // A client without an answer waits for crier, and a body that crier publishes as it arrives may stay open
            // for days.
            let part =
                exchange.isWithinEvent ? "rest of an event" : exchange.unfinishedPart.map { "\($0) of the request" }
            let pace = exchange.isWaiting || part == nil ? nil : exchange.progress.pace?.verdict(at: time.now)
            if case .wait(let milliseconds) = pace { return connections.setTimeout(slot, after: milliseconds) }
            if exchange.isWithinEvent {
                exchange.stopStream(lateness(part, pace))
                _ = settle(slot, exchange)
            } else if exchange.isWaiting || exchange.isStreaming {
                connections.setTimeout(slot, after: settings.bodyTimeout)
            } else if exchange.isFinished || !exchange.output.isEmpty {
                connections.close(slot, .timeout)
            } else if part != nil {
                exchange.refuse(lateness(part, pace))
                _ = settle(slot, exchange)
            } else {
                connections.close(slot, .idle)
            }
        }
    }
}
