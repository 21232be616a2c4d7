import Access
import Broadcasting
import EventStreams

/// Ends the loop: its subscribers get what they still have to get, and its clients their answers.
extension Reactor {
    mutating func startDraining() {
        guard drain == nil else { return }
        drain = DrainDeadlines(now: time.now, spread: settings.drain, timeout: settings.shutdown)
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
    mutating func continueDraining(_ drain: DrainDeadlines) {
        let isLate = time.now >= drain.end
        // A request of this turn may have published since fan-out took the events that waited.
        let hasEvents = !fanOut.isIdle || context.port.mailbox.hasItems
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
            case .fresh: if time.now >= drain.firstRequest { connections.close(slot, .shutdown) }
            case .idle: connections.close(slot, .shutdown)
            case .exchanging(let exchange) where exchange.isAwaitingDecision:
                resume(connections.token(slot), .failure(.undecided))
            case .exchanging(let exchange):
                guard exchange.isStreaming else { continue }
                exchange.stopStream(Problem(503, "The daemon stops.", retryAfter: 1))
                _ = settle(slot, exchange)
            case .lingering, .closed: break
            }
        }
    }

    private mutating func goodbye() -> [UInt8] {
        EventEncoder.encode(retry: StreamOpening.jittered(settings.retry, using: &generator))
    }
}
