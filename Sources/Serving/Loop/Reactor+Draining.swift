import Access
import Broadcasting
import EventStreams

/// Ends the loop: its subscribers get what they still have to get, and its clients their answers.
extension Reactor {
    mutating func startDraining() {
        guard drain == nil else { return }
        drain = Draining(now: time.now, spread: settings.drain, timeout: settings.shutdown)
        acceptor.close(poller)
        // crier still answers the requests that idle connections have sent by now.
        for slot in connections.slots where connections[slot].isServing {
            connections[slot].input = .readable
            read(slot)
        }
    }

    /// Ends each connection as soon as possible: subscribers get all events up to the end of the log, a jittered
    /// reconnection time and a clean end of the stream, at once or spread over a time; requests in progress get their answers. At the deadline the loop
    /// closes the remaining connections.
    mutating func continueDraining(_ drain: Draining) {
        let isLate = time.now >= drain.end
        // Before the loop looks for events: all that was published is there then.
        let isPublishing =
            time.now < drain.patienceEnd && !(context.connectionCount.hasFinishedRequests && context.hub.isQuiet)
        // A request of this turn may have published since fan-out took the events that waited.
        let hasEvents = isPublishing || !fanOut.isIdle || context.port.mailbox.hasItems
        var hasRequests = false
        for slot in connections.slots {
            switch connections[slot].state {
            case .streaming(let subscriber):
                if isLate {
                    subscribers.close(subscriber, .shutdown)
                } else if subscribers[subscriber].isLive, !hasEvents, drain.isDue(subscriber, now: time.now) {
                    subscribers.finish(
                        subscriber, with: goodbye(), .shutdown, timeout: settings.shutdown, &connections)
                }
            case _ where isLate: connections.close(slot, .shutdown)
            case .fresh: if time.now >= drain.patienceEnd { connections.close(slot, .shutdown) }
            case .idle: connections.close(slot, .shutdown)
            case .exchanging(let exchange) where exchange.isAwaitingDecision:
                resume(connections.token(slot), .failure(.undecided))
            case .exchanging(let exchange):
                if exchange.isStreaming {
                    exchange.stopStream(Self.stops)
                    _ = settle(slot, exchange)
                }
                if connections[slot].exchange != nil { hasRequests = true }
            case .lingering, .closed: break
            }
        }
        if !hasRequests, !drain.hasFinishedRequests {
            self.drain?.hasFinishedRequests = true
            context.connectionCount.finishRequests()
        }
    }

    private mutating func goodbye() -> [UInt8] {
        EventEncoder.encode(retry: StreamOpening.jittered(settings.retry, using: &generator))
    }
}
