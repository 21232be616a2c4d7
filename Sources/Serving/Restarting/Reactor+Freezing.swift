import Access
import Broadcasting
import HTTPMessages
import Kernel

/// Brings the loop to a stop, for another process to continue its connections; see ``Freeze``.
extension Reactor {
    mutating func startFreezing(_ freeze: Freeze) {
        // The loop may not have noticed yet that the one before is over.
        if let next = settling?.freeze.ended { finishFreezing(next) }
        guard drain == nil, settling == nil else { return }
        settling = Settling(freeze, now: time.now, timeout: settings.shutdown)
        acceptor.freeze(poller)
    }

    /// Whether the loop must not begin another request on a connection.
    @inline(__always)
    func leavesRequests(_ slot: UInt32) -> Bool { isSettling && connections[slot].exchange == nil }

    /// Comes closer to the stop, once in each turn, and stands still when all loops can.
    mutating func continueFreezing() {
        guard let settling else { return }
        if let next = settling.freeze.ended { return finishFreezing(next) }
        if !settling.hasSettled, finishRequests(settling) {
            self.settling?.hasSettled = true
            settling.freeze.settle()
        }
        guard settling.freeze.isSettled, isAtRest, !subscribers.hasUnplaced || time.now >= settling.patienceEnd else {
            return
        }
        let head = context.hub.summary.head
        let frozen = connections.slots.compactMap { slot in
            record(slot, head: head).map {
                FrozenConnection(socket: connections[slot].transport.descriptor.number, record: $0)
            }
        }
        finishFreezing(settling.freeze.stand(frozen, context.port.wakeup.wakeup))
    }

    private mutating func finishFreezing(_ next: Freeze.Next) {
        settling = nil
        switch next {
        case .serve:
            acceptor.thaw()
            keepSocketsAgain()
            for slot in connections.slots where connections[slot].isServing { connections.queueIfReadable(slot) }
        case .drain: startDraining()
        }
    }

    /// Whether nothing waits that a record cannot hold. When all loops have settled, nothing new comes.
    private var isAtRest: Bool {
        context.hub.isQuiet && fanOut.isIdle && !context.port.mailbox.hasItems && !context.port.hasCommands
            && !hasUnfinishedWork && !subscribers.hasMarked && !connections.hasMarked
    }

    /// Finishes the requests in progress.
    ///
    /// - Returns: whether there is none any more.
    private mutating func finishRequests(_ settling: Settling) -> Bool {
        var isDone = true
        for slot in connections.slots {
            guard let exchange = connections[slot].exchange else { continue }
            if time.now >= settling.end {
                connections.close(slot, .shutdown)
            } else if exchange.isStreaming {
                exchange.stopStream(Self.restarts)
                _ = settle(slot, exchange)
            } else if exchange.isAwaitingDecision {
                // The program may need long, and all streams wait for this.
                resume(connections.token(slot), .failure(.undecided))
            } else if time.now >= settling.patienceEnd, !exchange.isWaiting {
                if exchange.isFinished || exchange.unfinishedPart == nil {
                    connections.close(slot, .timeout)
                } else {
                    exchange.refuse(Self.restarts)
                    _ = settle(slot, exchange)
                }
            }
            if connections[slot].exchange != nil { isDone = false }
        }
        return isDone
    }

    // MARK: Records

    /// What the next process must know of a connection; nil when the connection ends with this one.
    private func record(_ slot: UInt32, head: UInt64) -> ConnectionRecord? {
        guard connections[slot].arrival.admission == .served, !connections[slot].isInternal else { return nil }
        let stage: ConnectionRecord.Stage
        switch connections[slot].state {
        case .fresh: stage = .fresh
        case .idle: stage = .idle
        case .lingering: stage = .lingering
        case .streaming(let subscriber):
            guard let record = record(subscriber: subscriber, head: head) else { return nil }
            stage = .streaming(record)
        case .exchanging, .closed: return nil
        }
        let listener = context.listeners[Int(connections[slot].arrival.listener)].key
        return ConnectionRecord(listener: listener, proxied: connections[slot].proxied, stage: stage)
    }

    private func record(subscriber slot: UInt32, head: UInt64) -> SubscriberRecord? {
        let course: SubscriberRecord.Course
        var position = subscribers[slot].position
        switch subscribers[slot].state {
        case .live:
            course = .reading(isSlow: false)
            // Fan-out has written every event up to here.
            position = max(position, head)
        // Nobody knows which bytes it needs next.
        case .behind where subscribers.unplaced(slot) != nil: return nil
        case .behind(_, let isSlow): course = .reading(isSlow: isSlow)
        case .ending(_, let reason): course = .ending(reason, milliseconds: subscribers.timeLeft(slot))
        case .closed: return nil
        }
        return SubscriberRecord(
            session: subscribers[slot].session, form: subscribers[slot].form, course: course,
            pending: subscribers[slot].pending, position: position,
            memberships: subscribers[slot].topics.cursors.map {
                SubscriberRecord.Membership(
                    topic: $0.topic, reportedThrough: $0.reportedThrough, reportedEvictions: $0.reportedEvictions)
            },
            // A live one has had its replay.
            grant: subscribers[slot].grant, replayed: subscribers[slot].isLive ? 0 : subscribers[slot].replayed,
            client: subscribers[slot].client, since: subscribers[slot].since, pushed: subscribers.pushed(to: slot),
            lastPushedID: subscribers.lastPushedID(to: slot) ?? [],
            counted: countedSubscribers[subscribers.token(slot)] ?? [])
    }
}
