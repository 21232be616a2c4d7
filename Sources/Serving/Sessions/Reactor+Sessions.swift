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

    /// Asks another node for its sessions.
    ///
    /// - Returns: false when the question is for this node.
    func askNode(_ question: NodeQuestion, _ slot: UInt32, _ exchange: Exchange) -> Bool {
        guard let cluster = context.cluster else {
            exchange.respond(Problem(400, "This daemon is no node of a cluster.").answer)
            return true
        }
        if cluster.figures().node == question.node { return false }
        exchange.awaitAnswer()
        context.nodeQuestions.ask(question, cluster, for: connections.token(slot), on: context.port)
        return true
    }

    /// A request that this loop works on.
    struct SessionWork {
        let request: SessionRequest
        /// The next slot to look at.
        var slot: UInt32 = 0
        /// Of a push: the number of the newest event when the loop first looked. The session gets that event first.
        var head: UInt64?
    }

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
}
