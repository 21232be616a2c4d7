import Access
import Broadcasting
import EventStreams
import Hooks
import Kernel
import Metrics

/// Starts the streams of subscribers, and removes subscribers from their topics.
extension Reactor {
    /// Starts a subscription, or answers that there is none to have.
    mutating func subscribe(
        _ slot: UInt32, _ request: SubscriptionRequest, _ form: StreamForm, tellsSession: Bool, _ exchange: Exchange
    ) {
        // The client disconnected right after the request, and epoll does not report that again.
        if connections[slot].hasHungUp { return connections.close(slot, .client) }
        let details = clients.shared(exchange.details ?? ClientDetails(agent: [], address: nil))
        // After 204 an EventSource does not reconnect.
        if isEnded(request, form, details, slot) { return exchange.respond(Answer(status: 204)) }
        let counted = countedKeys(exchange)
        if let full = context.subscriberCounts.add(counted) {
            return refuse(Problem.tooManySubscribers(of: full), form, exchange)
        }
        switch context.hub.subscribe(request, on: context.index, now: time.today) {
        case .subscribed(let subscription):
            start(
                subscription, form, slot, exchange, client: details, tellsSession: tellsSession,
                counted: counted.map(\.key)
            )
            return
        case .ahead(let number):
            exchange.awaitArchive(.position(request, form, tellsSession: tellsSession))
            // Not the time of the turn: what was asked of the log before must not answer this.
            context.hub.wait(for: number, reply: replyAddress(slot), now: Clock.steady)
        case .ended: exchange.respond(Answer(status: 204))
        case .tooManyChannels(let limit): refuse(.tooManyChannels(limit), form, exchange)
        case .tooManyPatterns(let limit): refuse(.tooManyPatterns(limit), form, exchange)
        case .tooManySubscribers(let limit): refuse(.tooManySubscribers(limit), form, exchange)
        }
        context.subscriberCounts.remove(counted.map(\.key))
    }

    /// The keys that a new subscriber counts for.
    private func countedKeys(_ exchange: Exchange) -> [(key: SubscriberCounts.Key, limit: Int)] {
        var keys: [(key: SubscriberCounts.Key, limit: Int)] = []
        if settings.subscribersPerToken > 0, let name = exchange.grant?.name, !name.isEmpty {
            keys.append((.name(name), settings.subscribersPerToken))
        }
        if settings.subscribersPerAddress > 0, let client = exchange.client {
            keys.append((.address(client), settings.subscribersPerAddress))
        }
        return keys
    }

    /// Refuses a subscription because of a limit. A browser's EventSource would give up for ever; it gets a stream that ends
    /// at once and tells it to come back much later.
    private mutating func refuse(_ problem: Problem, _ form: StreamForm, _ exchange: Exchange) {
        if exchange.wantsEventStream { turnAway(exchange, form.framing) } else { exchange.respond(problem.answer) }
    }

    private mutating func start(
        _ subscription: Subscription, _ form: StreamForm, _ connection: UInt32, _ exchange: Exchange,
        client: ClientDetails, tellsSession: Bool, counted: [SubscriberCounts.Key]
    ) {
        if subscription.isResumed { context.status.resumes.add(1) }
        if subscription.gap != nil { context.status.gaps.add(1) }
        // The answers to requests before this one go out first, as one piece with the head.
        var opening = Array(exchange.output.bytes)
        let retry = StreamOpening.jittered(settings.retry, using: &generator)
        let session = SessionID.random(using: &generator)
        let events = [
            tellsSession ? ControlEvents.session("\(session)") : nil, subscription.gap.map(ControlEvents.gap),
        ]
        opening += StreamOpening.bytes(
            form.framing, retry: retry, events.compactMap { $0 }, origin: exchange.originFields)
        let slot = add(
            subscription, session, form, on: connection, grant: exchange.grant, client: client, since: time.today)
        attach(slot, counted: counted)
        report(.connect, slot)
        record(subscriber: slot)
        // The missed events leave in one packet with the head, so the client wakes only once.
        let isWritten = subscribers.write(
            framed: opening, to: slot, &connections, moreFollows: subscription.hasMissed)
        if isWritten, subscription.isBehind { catchUp.append(subscribers.token(slot)) }
    }

    /// Adds the subscriber of a connection, which gets its stream from here on.
    mutating func add(
        _ subscription: Subscription, _ session: SessionID, _ form: StreamForm, on connection: UInt32, grant: Grant?,
        client: ClientDetails, since: UInt64
    ) -> UInt32 {
        let topics = fanOut.add(subscribers.nextSlot(), form, subscription.cursors, subscription.subjects)
        let slot = subscribers.insert(
            Subscriber(
                session, StreamHandle(connection: connection), form,
                subscription.isBehind ? .behind(.queued(nil), isSlow: false) : .live, at: subscription.position, topics,
                grant: grant, client: client, since: since))
        connections[connection].state = .streaming(subscriber: slot)
        return slot
    }

    /// Remembers for which limits a new subscriber counts, and when its grant ends.
    mutating func attach(_ slot: UInt32, counted: [SubscriberCounts.Key]) {
        if !counted.isEmpty { countedSubscribers[subscribers.token(slot)] = counted }
        guard let expiry = subscribers[slot].grant?.expiry else { return }
        let now = Clock.realtime
        subscribers.scheduleExpiry(slot, after: expiry > now ? expiry - now : 0)
    }

    /// Ends a stream whose grant is over. The client can reconnect with another token and resume.
    ///
    /// - Parameter reason: see ``ControlEvents/expired(_:)``.
    mutating func end(_ slot: UInt32, _ reason: StaticString) {
        let bytes = EventEncoder.encode(ControlEvents.expired(reason))
        subscribers.finish(slot, with: bytes, .expired, timeout: settings.shutdown, &connections)
    }

    /// Ends the streams whose grants are no longer in force, some in each turn.
    mutating func checkGrants() {
        guard !unchecked.isEmpty else { return }
        guard settings.access != nil else { return unchecked = [] }
        let deadline = time.deadlineForPart()
        while let token = unchecked.popLast() {
            if let slot = subscribers.slot(of: token), subscribers[slot].grant?.isRevoked ?? true {
                end(slot, "revoked")
            }
            if Clock.monotonicNanoseconds >= deadline { return }
        }
    }

    /// Removes subscribers from the topics whose end crier has sent them. Ends the stream of a subscriber without
    /// another topic.
    mutating func leaveEndedTopics() {
        for (slot, topic) in subscribers.takeEndedTopics() {
            guard let membership = subscribers[slot].topics.remove(topic) else {
                subscribers.finish(slot, with: [], .ended, timeout: settings.shutdown, &connections)
                continue
            }
            leave(membership, from: .several, .ended)
            if subscribers.recovery.isRegistered(slot) { recordAnew(slot) }
        }
    }

    /// Removes a subscriber at the end of the turn, and marks its connection to be closed.
    mutating func remove(subscriber slot: UInt32, _ reason: CloseReason) {
        let stream = subscribers[slot].stream
        report(.disconnect, slot, StreamEnd(reason))
        if let counted = countedSubscribers.removeValue(forKey: subscribers.token(slot)) {
            context.subscriberCounts.remove(counted)
        }
        leave(subscribers[slot].topics, form: subscribers[slot].form, StreamEnd(reason))
        if !connections[stream.connection].isInternal {
            context.status.endedStreams[StreamEnd(reason).rawValue].add(1)
        }
        subscribers.remove(slot)
        connections.close(stream.connection, reason)
    }

    /// Leaves all topics of a subscriber with a form.
    mutating func leave(_ topics: SubscriberTopics, form: StreamForm, _ end: StreamEnd) {
        switch topics {
        case .one(let membership): leave(membership, from: .form(form), end)
        case .several(let several):
            for membership in several.memberships { leave(membership, from: .several, end) }
        }
    }

    private mutating func leave(_ membership: TopicMembership, from list: TopicFanOut.List, _ end: StreamEnd) {
        let (isLast, moves) = fanOut.remove(membership, from: list)
        for case .some(let move) in [moves.0, moves.1] {
            subscribers[move.slot].topics.move(in: membership.fanOut, to: move.place)
        }
        context.hub.unsubscribe(
            membership.cursor.topic, lastOn: isLast ? context.index : nil, reason: end.label)
    }
}
