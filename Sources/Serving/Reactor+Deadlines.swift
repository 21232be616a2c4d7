import Broadcasting
import EventStreams
import HTTPMessages
import Kernel

extension Reactor {
    mutating func setDeadline(_ slot: UInt32, after milliseconds: UInt64) {
        let tick = wheel.tick(at: now) + TimerWheel.ticks(milliseconds)
        connections[slot].deadline = tick
        // An entry that wakes before the deadline is good enough: it is entered again then.
        let wakes = connections[slot].wakes
        if wakes > wheel.now, wakes <= tick { return }
        connections[slot].wakes = wheel.enter(connections.token(slot).rawValue, at: tick)
    }

    /// When subscribers that are written to now must next be written to.
    var heartbeats: Heartbeats { Heartbeats(now: wheel.tick(at: now), interval: TimerWheel.ticks(settings.heartbeat)) }

    /// The tick at which a subscriber that is written to now must next be written to.
    func heartbeatDeadline(_ slot: UInt32) -> UInt32 { heartbeats.deadline(slot) }

    /// Takes other settings. Those who wait for a heartbeat get the next one at the new pace.
    mutating func apply(_ settings: ServingSettings) {
        let isFaster = settings.heartbeat < self.settings.heartbeat
        self.settings = settings
        // Publishers may be held by a limit that nothing comes down to any more.
        pressure.relieve()
        guard isFaster else { return }
        for slot in connections.slots where connections[slot].isSubscriber {
            let tick = min(connections[slot].deadline, heartbeatDeadline(slot))
            connections[slot].deadline = tick
            connections[slot].wakes = wheel.enter(connections.token(slot).rawValue, at: tick)
        }
    }

    mutating func meetDeadlines() {
        let tick = wheel.tick(at: now)
        guard tick > wheel.now else { return }
        if index == 0, tick / 10 != wheel.now / 10 { hub.sweep(now: today) }
        resumeAccepting()
        due.removeAll(keepingCapacity: true)
        wheel.advance(to: tick, &due)
        for (wakes, token) in due {
            guard let slot = connections.slot(of: Token(rawValue: token)), connections[slot].wakes == wakes else {
                continue
            }
            let deadline = connections[slot].deadline
            if deadline > tick {
                connections[slot].wakes = wheel.enter(token, at: deadline)
            } else {
                connections[slot].wakes = 0
                meetDeadline(slot)
            }
        }
    }

    private mutating func meetDeadline(_ slot: UInt32) {
        switch connections[slot].phase {
        case .dead: return
        case .ending: close(slot, .slow)
        case .lingering: close(slot, .answered)
        case .live, .behind: heartbeat(slot)
        case .exchange: timeOut(slot)
        }
    }

    /// A live subscriber that has not been written to is sent a comment. One that is behind waits for its socket, and
    /// a comment would have to wait with it; TCP_USER_TIMEOUT finds out whether it still lives.
    private mutating func heartbeat(_ slot: UInt32) {
        if connections[slot].phase == .behind { return checkLag(slot) }
        switch connections[slot].descriptor.send(EventEncoder.heartbeat) {
        case .wrote(EventEncoder.heartbeat.count), .wouldBlock: break
        case .wrote(let count):
            connections[slot].partial = Frame(
                sequence: connections[slot].cursor, time: today, wire: EventEncoder.heartbeat)
            connections[slot].partialOffset = count
            return fallBehind(slot)
        case .failed: return close(slot, .client)
        }
        connections[slot].deadline = heartbeatDeadline(slot)
        connections[slot].wakes = wheel.enter(connections.token(slot).rawValue, at: connections[slot].deadline)
    }

    private mutating func timeOut(_ slot: UInt32) {
        guard let exchange = connections[slot].exchange, !exchange.isFinal else {
            return close(slot, connections[slot].exchange == nil ? .idle : .timeout)
        }
        // Who is held waits for us, not we for them.
        if exchange.isHeld { return setDeadline(slot, after: settings.bodyTimeout) }
        // A body that is published as it comes may stay open for days.
        if exchange.stream != nil { return setDeadline(slot, after: settings.bodyTimeout) }
        // Answers are waiting to be read by a client that does not.
        if exchange.hasOutput { return close(slot, .timeout) }
        guard exchange.parser.isInBody || !exchange.parser.isBetweenMessages else { return close(slot, .idle) }
        let part = exchange.parser.isInBody ? "body" : "head"
        refuse(slot, Problem(408, "The \(part) of the request did not come in time."))
        pump(slot)
    }
}
