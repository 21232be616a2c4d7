import Broadcasting
import EventStreams
import Kernel

extension Reactor {
    /// Turns a connection into a subscriber, or tells it that there is nothing to come back for.
    mutating func subscribe(_ slot: UInt32, _ request: SubscriptionRequest) {
        // It asked and left in one breath, and epoll will not tell of that again.
        if connections[slot].isHungUp { return close(slot, .client) }
        switch hub.subscribe(request, on: index, now: today) {
        case .begun(let subscription): begin(slot, subscription)
        case .ended:
            guard let exchange = connections[slot].exchange else { return }
            // To an EventSource 204 means: stop.
            respond(exchange, Answer(status: 204))
        // It shall come back, and any other status would keep an EventSource from it.
        case .tooManyChannels: turnAway(slot)
        }
    }

    private mutating func begin(_ slot: UInt32, _ subscription: Subscription) {
        // Answers to requests before this one go out first, as one piece with the head.
        var wire = connections[slot].exchange.map { Array($0.output[$0.outputStart...]) } ?? []
        connections[slot].exchange = nil
        wire += StreamHead.opening(retry: StreamHead.jittered(settings.retry, using: &generator))
        if let gap = subscription.gap { wire += EventEncoder.encode(Notices.gap(gap)) }
        join(slot, subscription)
        connections[slot].cursor = subscription.cursor
        connections[slot].partial = Frame(
            sequence: subscription.cursor, time: today, wire: wire)
        connections[slot].phase = subscription.isBehind ? .behind : .live
        port.status.subscribers.add(1)
        setDeadline(slot, after: 0)
        connections[slot].deadline = heartbeatDeadline(slot)
        // What it missed leaves together with the head: that is one packet less, and one time less that the client wakes.
        finishOrFallBehind(slot, moreFollows: subscription.hasMissed)
        if subscription.isBehind { queueCatchUp(slot) }
    }

    private mutating func join(_ slot: UInt32, _ subscription: Subscription) {
        if subscription.interests.count == 1, let interest = subscription.interests.first {
            let audience = audience(of: interest.topic)
            connections[slot].audience = audience
            connections[slot].toldThrough = interest.toldThrough
            connections[slot].toldEvictions = interest.toldEvictions
            connections[slot].place = UInt32(audiences[Int(audience)]!.single.append(slot))
            return
        }
        connections[slot].several = SeveralTopics(
            subscription.interests.map { interest in
                let audience = audience(of: interest.topic)
                let place = UInt32(audiences[Int(audience)]!.several.append(slot))
                return SeveralTopics.Membership(audience: audience, place: place, interest: interest)
            })
    }

    private mutating func audience(of topic: TopicID) -> Int32 {
        if let known = audienceOfTopic[topic] { return known }
        let audience = freeAudiences.popLast() ?? Int32(audiences.count)
        if Int(audience) == audiences.count { audiences.append(nil) }
        audiences[Int(audience)] = Audience(topic: topic)
        audienceOfTopic[topic] = audience
        return audience
    }

    /// Takes a subscriber out of all its topics.
    mutating func leaveAudiences(_ slot: UInt32) {
        if let several = connections[slot].several {
            for index in several.memberships.indices { leaveOne(slot, several, at: index) }
            connections[slot].several = nil
        } else {
            let audience = connections[slot].audience
            let moves = audiences[Int(audience)]!.single.remove(at: Int(connections[slot].place))
            for case .some(let move) in [moves.0, moves.1] { connections[move.slot].place = UInt32(move.place) }
            left(audience)
            connections[slot].audience = -1
        }
        port.status.subscribers.add(-1)
    }

    /// Takes a subscriber of several topics out of one.
    private mutating func leaveOne(_ slot: UInt32, _ several: SeveralTopics, at index: Int) {
        let membership = several.memberships[index]
        let moves = audiences[Int(membership.audience)]!.several.remove(at: Int(membership.place))
        for case .some(let move) in [moves.0, moves.1] {
            let others = connections[move.slot].several!
            let position = others.memberships.firstIndex { $0.audience == membership.audience }!
            others.memberships[position].place = UInt32(move.place)
        }
        left(membership.audience)
    }

    private mutating func left(_ audience: Int32) {
        guard let current = audiences[Int(audience)] else { return }
        hub.leave(current.topic, lastOn: current.isEmpty ? index : nil)
        guard current.isEmpty else { return }
        for letter in current.window { pressure.done(letter, on: port, settings.fanoutBacklog) }
        audienceOfTopic[current.topic] = nil
        audiences[Int(audience)] = nil
        passes.removeAll { $0 == audience }
        freeAudiences.append(audience)
    }

    /// A topic of a subscriber of several has ended: it is taken out of it, and closed when it has no other.
    mutating func end(_ topic: TopicID, for slot: UInt32) {
        guard let several = connections[slot].several,
            let index = several.memberships.firstIndex(where: { $0.interest.topic == topic })
        else { return close(slot, .ended) }
        guard several.memberships.count > 1 else { return close(slot, .ended) }
        leaveOne(slot, several, at: index)
        several.memberships.remove(at: index)
    }
}
