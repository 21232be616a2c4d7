import Access
import Broadcasting
import HTTPMessages
import Kernel

/// Publishes what requests bring, or passes it on to a session, and holds publishers whose channels are behind.
extension Reactor {
    /// Publishes a complete body.
    mutating func publish(_ request: PublishRequest, _ body: [UInt8], _ slot: UInt32, _ exchange: Exchange) {
        let publications: [Publication]
        do throws(Problem) {
            publications = try request.publications(body, settings.names)
        } catch {
            return exchange.respond(error.answer)
        }
        if publications.count > 1 {
            // The first has been counted. The others are published, and the next publish waits for them.
            publishRate?.charge(publications.count - 1, exchange.grant, exchange.client)
        }
        let outcome = context.hub.publish(
            publications[...], idempotency: request.idempotency(publications), reply: replyAddress(slot),
            now: time.today)
        switch outcome {
        case .published(let receipt): acknowledge(receipt, slot, exchange)
        case .repeated(let receipt): exchange.respond(receipt)
        case .pending: exchange.awaitArchive(.publish)
        case .refused(let refusal): exchange.respond(Problem(refusal).answer)
        }
    }

    /// Sends a complete body to a session.
    mutating func push(_ request: PublishRequest, _ body: [UInt8], _ slot: UInt32, _ exchange: Exchange) {
        guard let target = request.session else { return }
        do throws(Problem) {
            ask(.push(target.session, try request.sessionPush(body, target, settings.names)), slot, exchange)
        } catch {
            exchange.respond(error.answer)
        }
    }

    /// Sends a part of a body that continues to a session.
    mutating func push(
        _ publications: ArraySlice<Publication>, to session: SessionID, _ stream: PublishStream, _ slot: UInt32,
        _ exchange: Exchange
    ) {
        if let problem = refusal(of: publications, stream, exchange) { return stream.stop(problem) }
        let push = stream.push(publications)
        ask(.push(session, push), slot, exchange, events: push.count)
    }

    /// Why a part of a body that continues is refused; nil when it is not.
    private func refusal(
        of publications: ArraySlice<Publication>, _ stream: PublishStream, _ exchange: Exchange
    ) -> Problem? {
        // The request may stay open for days, longer than the grant.
        if isOver(stream.grant) { return .grantIsOver }
        return publishRate?.take(publications.count, exchange.grant, exchange.client).problem
    }

    /// Publishes a part of a body that continues.
    mutating func publish(
        _ publications: ArraySlice<Publication>, _ stream: PublishStream, _ slot: UInt32, _ exchange: Exchange
    ) {
        if let problem = refusal(of: publications, stream, exchange) { return stream.stop(problem) }
        switch context.hub.publish(publications, reply: replyAddress(slot), now: time.today) {
        case .published(let receipt), .repeated(let receipt): acknowledge(receipt, slot, exchange)
        case .pending: exchange.awaitArchive(.stream(stream))
        case .refused(let refusal): stream.stop(Problem(refusal))
        }
    }

    mutating func end(_ name: ChannelName, _ slot: UInt32, _ exchange: Exchange) {
        switch context.hub.end(name, reply: replyAddress(slot), now: time.today) {
        case nil: exchange.respond(Problem.noSuchChannel.answer)
        case .ended(let subscribers): exchange.respond(.json(Summaries.ended(name, subscribers: subscribers)))
        case .pending: exchange.awaitArchive(.end(name))
        }
    }

    func replyAddress(_ slot: UInt32) -> ReplyAddress {
        ReplyAddress(loop: context.index, token: connections.token(slot).rawValue)
    }

    /// Answers a publish whose events are in the log, and holds the publisher if fan-out is behind with its channels.
    mutating func acknowledge(_ receipt: Receipt, _ slot: UInt32, _ exchange: Exchange) {
        exchange.published(receipt)
        context.status.published.add(receipt.count)
        guard context.throttle.mustWait(receipt.backlogs, limit: settings.fanoutBacklog) else { return }
        exchange.awaitFanOut(receipt.backlogs)
        held.hold(connections.token(slot))
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
}
