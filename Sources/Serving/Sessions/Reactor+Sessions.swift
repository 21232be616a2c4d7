import Access
import Broadcasting
import Bytes
import DequeModule
import EventStreams
import HTTPMessages
import Kernel

/// Finds, shows, pushes to and ends the sessions of the loop.
extension Reactor {
    /// Sessions in one page.
    static var sessionsPerPage: Int { 250 }

    /// Asks the loops, one after the other, about sessions.
    ///
    /// - Parameters:
    ///   - channel: whose presence the answer shows.
    ///   - events: how many events are in it, of a body that continues.
    mutating func ask(
        _ operation: SessionRequest.Operation, _ slot: UInt32, _ exchange: Exchange,
        presenceOf channel: ChannelName? = nil, events: Int = 0
    ) {
        var first = 0
        if case .list(_, let place, _) = operation {
            guard place.loop < context.ports.count else {
                return exchange.respond(Problem(400, "?after= is the next of the page before.").answer)
            }
            first = place.loop
        }
        exchange.awaitAnswer(events: events)
        guard drain == nil else {
            _ = exchange.resume(with: .failure(Self.stops))
            return
        }
        let request = SessionRequest(
            operation, loop: context.index, connection: connections.token(slot),
            presence: channel.map { ($0, context.hub.summary(of: $0)?.subscribers ?? 0) })
        context.ports[first].post(.session(request))
    }

    /// A request that this loop works on.
    struct SessionWork {
        let request: SessionRequest
        /// The next slot to look at.
        var slot: UInt32 = 0
        /// Of a push: the number of the newest event when the loop first looked. The session gets that event first.
        var head: UInt64?
    }

    private static let stops = Problem(503, "The daemon is stopping.", retryAfter: 1)

    mutating func take(_ request: SessionRequest) {
        // Other loops may have ended.
        guard drain == nil else { return answer(request, .failure(Self.stops)) }
        var work = SessionWork(request: request)
        if case .list(_, let place, _) = request.operation, place.loop == context.index { work.slot = place.slot }
        sessionWork.append(work)
    }

    /// Works on requests about sessions for a part of the turn.
    mutating func workOnSessions() {
        guard !sessionWork.isEmpty else { return }
        let deadline = time.deadlineForPart()
        // Each once in a turn: a push waits for the loop to take what its mailbox has.
        for _ in 0..<sessionWork.count {
            guard var work = sessionWork.popFirst() else { return }
            if step(&work, until: deadline) {
                pass(work.request)
            } else if !isAnswered(work) {
                sessionWork.append(work)
            }
            guard Clock.monotonicNanoseconds < deadline else { return }
        }
    }

    private func isAnswered(_ work: SessionWork) -> Bool { work.slot == .max }

    /// Gives a request to the next loop, or answers it.
    private func pass(_ request: SessionRequest) {
        guard drain == nil else { return answer(request, .failure(Self.stops)) }
        if context.index + 1 < context.ports.count {
            context.ports[context.index + 1].post(.session(request))
        } else {
            answer(request, request.answer(next: nil))
        }
    }

    private func answer(_ request: SessionRequest, _ answer: Result<Answer, Problem>) {
        context.ports[request.loop].post(.answered(request.connection, answer))
    }

    /// - Returns: whether this loop has no more of it.
    private mutating func step(_ work: inout SessionWork, until deadline: UInt64) -> Bool {
        switch work.request.operation {
        case .list(let filter, _, let count): return list(filter, count, &work, until: deadline)
        case .endAll(let filter):
            let request = work.request
            return visit(&work, until: deadline) { reactor, slot in
                guard reactor.matches(slot, filter) else { return true }
                reactor.endSession(slot)
                request.countEnd()
                return true
            }
        case .show(let session): return find(session, &work) { .success($0.describe($1, isDetailed: true)) }
        case .push(let session, let push):
            guard work.head != nil else {
                // The loop takes every event up to here from its mailbox before it looks again.
                work.head = context.hub.summary.head
                return false
            }
            if isAwaitingFanOut(session, work) { return false }
            return find(session, &work) { $0.push(push, to: $1) }
        case .end(let session):
            return find(session, &work) { reactor, slot in
                reactor.endSession(slot)
                return .success(.json(Array(#"{"session":"\#(session)"}"#.utf8)))
            }
        }
    }

    // MARK: By id

    /// Whether fan-out has yet to write an event to a live session that was published before a push.
    private mutating func isAwaitingFanOut(_ session: SessionID, _ work: SessionWork) -> Bool {
        guard subscribers.buildIndex(), let head = work.head, let slot = subscribers.slot(of: session),
            subscribers[slot].isLive
        else { return false }
        return !fanOut.hasWritten(through: head, to: subscribers[slot].topics)
    }

    private mutating func find(
        _ session: SessionID, _ work: inout SessionWork, _ found: (inout Reactor, UInt32) -> Result<Answer, Problem>
    ) -> Bool {
        guard subscribers.buildIndex() else { return false }
        guard let slot = subscribers.slot(of: session), isSession(slot) else { return true }
        answer(work.request, found(&self, slot))
        work.slot = .max
        return false
    }

    /// Whether a subscriber in a slot is a session to be seen: those of the daemon itself are not.
    private func isSession(_ slot: UInt32) -> Bool {
        if case .closed = subscribers[slot].state { return false }
        return !connections[subscribers[slot].stream.connection].isInternal
    }

    // MARK: By filter

    /// Slots between two looks at the clock.
    private static var slotsPerStep: Int { 64 }

    /// Visits the next sessions.
    ///
    /// - Parameter body: returns whether to go on.
    /// - Returns: whether there are no more in this loop.
    private mutating func visit(
        _ work: inout SessionWork, until deadline: UInt64, _ body: (inout Reactor, UInt32) -> Bool
    ) -> Bool {
        for _ in 0..<Self.slotsPerStep {
            guard let slot = subscribers.slot(from: work.slot) else { return true }
            work.slot = slot + 1
            // A session may take long: to find its lag, or to ask the kernel.
            if isSession(slot), !body(&self, slot) || Clock.monotonicNanoseconds >= deadline { return false }
        }
        return false
    }

    private mutating func list(
        _ filter: SessionFilter, _ count: Int, _ work: inout SessionWork, until deadline: UInt64
    ) -> Bool {
        var next: SessionPlace?
        let (request, index) = (work.request, context.index)
        let isOver = visit(&work, until: deadline) { reactor, slot in
            guard reactor.matches(slot, filter) else { return true }
            guard request.count < count else {
                next = SessionPlace(loop: index, slot: slot)
                return false
            }
            _ = request.add(reactor.json(slot, isDetailed: false))
            return true
        }
        guard let next else { return isOver }
        answer(request, request.answer(next: next))
        work.slot = .max
        return false
    }

    private func matches(_ slot: UInt32, _ filter: SessionFilter) -> Bool {
        if let state = filter.state, state != self.state(slot) { return false }
        if let name = filter.name, subscribers[slot].grant?.name != name { return false }
        if let address = filter.address, address != self.address(slot) { return false }
        if let subject = filter.subject {
            let isCovered = subjects(slot).contains { own in
                if case .channel(let name) = subject { own.covers(name) } else { own == subject }
            }
            guard isCovered else { return false }
        }
        if let least = filter.lag, least > 0 { return lag(slot).events >= least }
        return true
    }

    // MARK: What a session is

    private func state(_ slot: UInt32) -> SessionFilter.State {
        switch subscribers[slot].state {
        case .live: .live
        case .behind: .behind
        case .ending, .closed: .ending
        }
    }

    func address(_ slot: UInt32) -> IPAddress? {
        subscribers[slot].client.address ?? peerAddress(subscribers[slot].stream.connection)
    }

    func subjects(_ slot: UInt32) -> [TopicSubject] {
        subscribers[slot].topics.cursors.map { context.hub.subject(of: $0.topic) }
    }

    private func lag(_ slot: UInt32) -> Lag {
        guard case .behind = subscribers[slot].state else { return Lag() }
        return context.hub.lag(subscribers[slot].topics.cursors, after: subscribers[slot].position, now: time.today)
    }

    private func describe(_ slot: UInt32, isDetailed: Bool) -> Answer { .json(json(slot, isDetailed: isDetailed)) }

    private func json(_ slot: UInt32, isDetailed: Bool) -> [UInt8] {
        let connection = subscribers[slot].stream.connection
        let lag = lag(slot)
        let cursor = context.hub.position(of: subscribers[slot].position)
        var json = Array(#"{"id":"\#(subscribers[slot].session)","address":"#.utf8)
        append(address(slot).map { "\($0)" }, to: &json)
        json.append(#","channels":["#)
        for (index, subject) in subjects(slot).enumerated() {
            if index > 0 { json.append(",") }
            JSONText.append(quoted: subject.description, to: &json)
        }
        json.append(#"],"state":"\#(state(slot).rawValue)","cursor":"\#(cursor)""#)
        json.append(#","lag":{"events":\#(lag.events),"bytes":\#(lag.bytes),"seconds":\#(lag.age / 1000)}"#)
        json.append(#","sent":"#)
        json.append(connections[connection].transport.descriptor.bytesTaken.map { "\($0)" } ?? "null")
        let since = (Int64(subscribers[slot].since) + time.clockAhead) / 1000
        json.append(#","since":\#(since),"agent":"#)
        let agent = subscribers[slot].client.agent
        append(agent.isEmpty ? nil : String(decoding: agent, as: UTF8.self), to: &json)
        json.append(#","token":"#)
        append(subscribers[slot].grant.flatMap { $0.name.isEmpty ? nil : $0.name }, to: &json)
        if isDetailed {
            json.append(#","connection":"#)
            let measured = connections[connection].transport.descriptor.tcpMeasurements
            json.append(
                measured.map {
                    #"{"roundTripMicroseconds":\#($0.roundTrip),"retransmissions":\#($0.retransmissions)}"#
                } ?? "null")
        }
        json.append("}")
        return json
    }

    private func append(_ text: String?, to json: inout [UInt8]) {
        if let text { JSONText.append(quoted: text, to: &json) } else { json.append("null") }
    }

    // MARK: Changes

    private mutating func push(_ push: SessionPush, to slot: UInt32) -> Result<Answer, Problem> {
        switch subscribers.push(push, to: slot, limit: settings.pushes, &connections) {
        case .ending: return .failure(Problem(404, "The session is ending."))
        case .full:
            return .failure(
                Problem(
                    503, "\(settings.pushes) bytes wait for the session, which is the limit (limits.pushes).",
                    retryAfter: 1))
        case .accepted: break
        }
        return .success(.json(Array(#"{"session":"\#(subscribers[slot].session)"}"#.utf8)))
    }

    /// Ends a session by order of an operator. Its client gets 204 when it comes back at once.
    private mutating func endSession(_ slot: UInt32) {
        let subscriber = subscribers[slot].session
        if case .closed = subscribers[slot].state { return }
        let subjects = Set(subjects(slot))
        let key = EndedSessions.Key(
            address: address(slot), agent: subscribers[slot].client.agent, subjects: subjects,
            form: subscribers[slot].form)
        // It still gets the rest of an event that it has in part.
        let through = max(subscribers[slot].position, subscribers[slot].pending?.event?.sequence ?? 0)
        let last = context.hub.lastEvent(subscribers[slot].topics.cursors, through: through)
        var positions: [EndedSessions.Position] = last.map { [.id(Array($0.id.utf8))] } ?? []
        if let id = subscribers.lastPushedID(to: slot) { positions.append(.id(id)) }
        let hasPattern = subjects.contains { if case .pattern = $0 { true } else { false } }
        if last == nil, hasPattern {
            positions.append(.unknown)
        } else if last.map({ $0.time < subscribers[slot].since }) ?? true {
            // It may have come without a position, and got nothing since.
            positions.append(.none)
        }
        for position in positions { context.endedSessions.add(key, position, now: time.now) }
        let event = Event(
            name: try? EventName("crier.end"), data: EventData(#"{"session":"\#(subscriber)"}"#))
        subscribers.finish(
            slot, with: EventEncoder.encode(event), .ended, timeout: settings.shutdown, &connections)
    }

    /// Whether an operator has just ended the session of this client.
    func isEnded(_ request: SubscriptionRequest, _ form: StreamForm, _ details: ClientDetails, _ slot: UInt32) -> Bool {
        guard !context.endedSessions.isEmpty(at: time.now) else { return false }
        let subjects =
            Set(request.channels.map(TopicSubject.channel)).union(request.patterns.map(TopicSubject.pattern))
        let key = EndedSessions.Key(
            address: details.address ?? peerAddress(slot), agent: details.agent, subjects: subjects, form: form)
        return context.endedSessions.take(key, lastEventID: request.lastEventID, now: time.now)
    }
}
