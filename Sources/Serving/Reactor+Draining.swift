import EventStreams
import Kernel

extension Reactor {
    mutating func beginDraining() {
        guard drainDeadline == nil else { return }
        drainDeadline = now + settings.shutdown
        drainPatience = now + min(Self.patience, settings.shutdown)
        closeListeners(.closed)
        occupancy.closeLoop()
        // What idle connections have sent by now is still answered.
        for slot in connections.slots where connections[slot].phase == .exchange { resumeReading(slot, []) }
    }

    /// Milliseconds in which a connection that was accepted just now can still ask for something: whoever left the
    /// backlog is not in anyone else's hands.
    private static var patience: UInt64 { 1000 }

    /// Sees everybody off: subscribers get what waits for them, a jittered reconnection time and a clean end of the
    /// stream; requests in progress are answered. Whoever is not done by the deadline is cut.
    mutating func drain() {
        guard let drainDeadline else { return }
        let isLate = now >= drainDeadline
        let isDelivered = passes.isEmpty
        for slot in connections.slots {
            switch connections[slot].phase {
            case .dead: continue
            case _ where isLate: close(slot, .shutdown)
            case .live where isDelivered: sayGoodbye(slot)
            case .exchange where connections[slot].exchange == nil:
                if !connections[slot].isFresh || now >= drainPatience { close(slot, .shutdown) }
            case .exchange:
                guard let exchange = connections[slot].exchange, let stream = exchange.stream else { continue }
                stopStream(stream, slot, exchange)
            case .live, .behind, .ending, .lingering: continue
            }
        }
    }

    mutating func sayGoodbye(_ slot: UInt32) {
        sayLast(slot, EventEncoder.encode(retry: StreamHead.jittered(settings.retry, using: &generator)))
    }
}
