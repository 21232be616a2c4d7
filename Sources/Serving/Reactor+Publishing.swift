import Broadcasting
import HTTPMessages
import Kernel
import Logging

extension Reactor {
    /// Publishes what a whole body says.
    mutating func publish(_ request: PublishRequest, _ body: [UInt8], _ slot: UInt32, _ exchange: Exchange) {
        let publications: [Publication]
        do throws(Problem) {
            publications = try request.publications(body, channelLimit: settings.channelsPerRequest)
        } catch {
            return respond(exchange, error.answer)
        }
        let outcome = hub.publish(
            publications, once: request.idempotency(publications), reply: reply(slot), now: today)
        switch outcome {
        case .published(let receipt): acknowledge(receipt, slot, exchange)
        case .repeated(let receipt): respond(exchange, .json(Summaries.receipt(receipt)))
        case .pending: hold(slot, exchange, .archive)
        case .refused(let refusal): respond(exchange, Problem(refusal).answer)
        }
    }

    /// Ends a channel.
    mutating func end(_ name: ChannelName, _ slot: UInt32, _ exchange: Exchange) {
        switch hub.end(name, reply: reply(slot), now: today) {
        case nil: respond(exchange, Problem(404, "There is no such channel.").answer)
        case .ended(let subscribers):
            respond(exchange, .json(Summaries.ended(name, subscribers: subscribers)))
        case .pending:
            exchange.request = .other(.endChannel(name))
            hold(slot, exchange, .archive)
        }
    }

    private func reply(_ slot: UInt32) -> Reply { Reply(loop: index, token: connections.token(slot).rawValue) }

    private mutating func hold(_ slot: UInt32, _ exchange: Exchange, _ hold: Exchange.Hold) {
        exchange.hold = hold
        if case .fanOut = hold { held.append(connections.token(slot)) }
    }

    /// Says that events are in the log, and makes their publisher wait if fan-out is behind with its channels.
    private mutating func acknowledge(_ receipt: Receipt, _ slot: UInt32, _ exchange: Exchange) {
        if let stream = exchange.stream {
            stream.note(receipt)
        } else {
            respond(exchange, .json(Summaries.receipt(receipt)))
        }
        port.status.published.add(receipt.count)
        if pressure.isHigh(receipt.backlogs, settings.fanoutBacklog) { hold(slot, exchange, .fanOut(receipt.backlogs)) }
    }

    // MARK: Bodies that are published as they come

    func stream(_ request: PublishRequest) -> PublishStream {
        PublishStream(request, limit: settings.messages.body, channelLimit: settings.channelsPerRequest)
    }

    /// Publishes what has been read of a body, until it has to wait; answers when the body is over.
    mutating func publishOn(_ stream: PublishStream, _ slot: UInt32, _ exchange: Exchange) {
        while !exchange.isHeld, let publications = stream.next() {
            switch hub.publish(publications, reply: reply(slot), now: today) {
            case .published(let receipt), .repeated(let receipt): acknowledge(receipt, slot, exchange)
            case .pending: hold(slot, exchange, .archive)
            case .refused(let refusal): stream.stop(Problem(refusal))
            }
        }
        guard !exchange.isHeld, stream.isOver else { return }
        exchange.request = .none
        // What follows a bad line is not known to be a request.
        if stream.problem != nil, !stream.hasEnded { exchange.keepsAlive = false }
        respond(exchange, stream.answer)
        awaitNext(slot, exchange)
    }

    /// Ends the bodies that could go on for ever: the daemon stops.
    mutating func stopStream(_ stream: PublishStream, _ slot: UInt32, _ exchange: Exchange) {
        guard !exchange.isHeld, stream.isIdle else { return }
        stream.stop(Problem(503, "The daemon stops.", retryAfter: 1))
        exchange.keepsAlive = false
        publishOn(stream, slot, exchange)
        pump(slot)
    }

    // MARK: Waiting

    /// Takes what the archive has done.
    mutating func collectCompletions() {
        for completion in port.mailbox.collectCompletions() {
            switch completion {
            case .published(let token, let receipt):
                resume(token) { loop, slot, exchange in loop.acknowledge(receipt, slot, exchange) }
            case .ended(let token, let subscribers):
                resume(token) { loop, _, exchange in
                    guard case .other(.endChannel(let name)) = exchange.request else { return }
                    exchange.request = .none
                    loop.respond(exchange, .json(Summaries.ended(name, subscribers: subscribers)))
                }
            case .refused(let token, let refusal):
                resume(token) { loop, _, exchange in
                    if let stream = exchange.stream { return stream.stop(Problem(refusal)) }
                    exchange.request = .none
                    loop.respond(exchange, Problem(refusal).answer)
                }
            case .fetched(let token, let frames, let missing):
                // It may as well have gone since it was asked for, as events do.
                if let missing, hub.lose(missing) {
                    log.error(
                        "an event cannot be read back; subscribers are told", metadata: ["sequence": "\(missing)"])
                }
                take(frames, token)
            }
        }
    }

    /// Goes on with a connection that waited for the archive.
    private mutating func resume(_ token: UInt64, _ body: (inout Reactor, UInt32, Exchange) -> Void) {
        guard let slot = connections.slot(of: Token(rawValue: token)), connections[slot].phase == .exchange,
            let exchange = connections[slot].exchange, case .archive = exchange.hold
        else { return }
        exchange.hold = nil
        body(&self, slot, exchange)
        if !exchange.isHeld { release(slot, exchange) }
    }

    /// Lets publishers go on, in the order in which they came, where fan-out has caught up with them.
    mutating func releaseHeld() {
        guard !held.isEmpty, pressure.relief != reliefSeen else { return }
        reliefSeen = pressure.relief
        let tokens = held
        held.removeAll(keepingCapacity: true)
        for token in tokens {
            guard let slot = connections.slot(of: token), connections[slot].phase == .exchange,
                let exchange = connections[slot].exchange, case .fanOut(let backlogs) = exchange.hold
            else { continue }
            if pressure.isHigh(backlogs, settings.fanoutBacklog) {
                held.append(token)
            } else {
                release(slot, exchange)
            }
        }
    }

    private mutating func release(_ slot: UInt32, _ exchange: Exchange) {
        exchange.hold = nil
        if let stream = exchange.stream {
            publishOn(stream, slot, exchange)
            guard !exchange.isHeld else { return }
        } else {
            awaitNext(slot, exchange)
        }
        pump(slot)
        if connections[slot].phase == .exchange, connections[slot].isReadable { queueRead(slot) }
    }
}
