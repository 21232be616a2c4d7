import Broadcasting
import EventStreams
import HTTPMessages

/// Sends events to sessions and ends them.
extension Reactor {
    mutating func push(_ push: SessionPush, to slot: UInt32) -> Result<Answer, Problem> {
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
    mutating func endSession(_ slot: UInt32) {
        let subscriber = subscribers[slot].session
        if case .closed = subscribers[slot].state { return }
        let subjects = Set(subjects(slot))
        let key = EndedSessions.Key(
            address: address(slot), agent: subscribers[slot].client.agent, subjects: subjects,
            form: subscribers[slot].form)
        // It still gets the rest of an event that it has in part.
        let through = max(subscribers[slot].position, subscribers[slot].pending?.event?.sequence ?? 0)
        var positions: [EndedSessions.Position]
        switch context.hub.lastEvent(subscribers[slot].topics.cursors, through: through) {
        case .unknown: positions = [.unknown]
        case .none: positions = [.none]
        case .known(let id, let time):
            positions = [.id(Array(id.utf8))]
            // It may have come without a position, and got nothing since.
            if time < subscribers[slot].since { positions.append(.none) }
        }
        if let id = subscribers.lastPushedID(to: slot) { positions.append(.id(id)) }
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
