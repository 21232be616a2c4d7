import HTTPMessages

/// Heartbeats, checks of lag, time limits, and the ends of grants.
extension Subscribers {
    /// Records the tick of the turn.
    mutating func startTurn(_ tick: UInt32) {
        guard tick != self.tick else { return }
        self.tick = tick
        heartbeats = HeartbeatSchedule(tick: tick, interval: interval)
    }

    /// Takes the subscribers whose deadline has come.
    mutating func takeDue() -> [UInt32] {
        table.takeDue(&deadlines, at: tick) { row, wheel, token, tick in wheel.isDue(&row.deadline, token, woken: tick)
        }
    }

    /// Sends a comment to a live subscriber whose stream was silent until its heartbeat.
    mutating func heartbeat(_ slot: UInt32, _ connections: inout Connections) {
        let bytes = Heartbeat.bytes(table[slot].form.framing)
        recovery.expectHeartbeat(slot)
        switch connections.write(bytes[...], to: table[slot].stream) {
        case .all:
            recovery.advance(slot, to: table[slot].position, writing: bytes.count)
            scheduleHeartbeat(slot)
        // A full socket still has bytes for the client, which are as good as a heartbeat.
        case .stalled(_, offset: 0):
            recovery.forgetHeartbeat(slot)
            scheduleHeartbeat(slot)
        case .stalled(_, let offset): block(slot, .bytes(bytes, offset: offset))
        case .broken: close(slot, .client)
        }
    }

    /// Ends the stream of a subscriber when its grant does.
    ///
    /// - Parameter milliseconds: from now on.
    mutating func scheduleExpiry(_ slot: UInt32, after milliseconds: UInt64) {
        // Four years, so that the tick does not overflow.
        let ticks = TurnTime.ticks(min(milliseconds, 1 << 37))
        expiries.schedule(&table[slot].expiry, table.token(slot).rawValue, at: tick + ticks)
    }

    /// Takes the subscribers whose grant has ended.
    mutating func takeExpired() -> [UInt32] {
        table.takeDue(&expiries, at: tick) { row, wheel, token, tick in wheel.isDue(&row.expiry, token, woken: tick) }
    }

    /// All subscribers.
    var tokens: [Token] { table.slots.map { table.token($0) } }

    mutating func scheduleLagCheck(_ slot: UInt32) { schedule(slot, after: Self.lagCheckInterval) }

    mutating func scheduleHeartbeat(_ slot: UInt32) {
        deadlines.schedule(&table[slot].deadline, table.token(slot).rawValue, at: heartbeats.tick(slot))
    }

    mutating func schedule(_ slot: UInt32, after milliseconds: UInt64) {
        deadlines.schedule(
            &table[slot].deadline, table.token(slot).rawValue, at: tick + TurnTime.ticks(milliseconds))
    }

    /// Changes the heartbeat. A shorter interval applies at once, a longer one after the next write or heartbeat.
    mutating func apply(heartbeat milliseconds: UInt64) {
        let isFaster = TurnTime.ticks(milliseconds) < interval
        interval = TurnTime.ticks(milliseconds)
        heartbeats = HeartbeatSchedule(tick: tick, interval: interval)
        guard isFaster else { return }
        for slot in table.slots where table[slot].isLive {
            let tick = min(table[slot].deadline.tick, heartbeats.tick(slot))
            deadlines.schedule(&table[slot].deadline, table.token(slot).rawValue, at: tick)
        }
    }
}
