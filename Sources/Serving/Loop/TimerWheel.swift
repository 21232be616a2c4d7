/// Deadlines, coarse and cheap. A row is due at its tick or at most one later.
struct TimerWheel {
    private var buckets = [[UInt64]](repeating: [], count: 512)
    /// The last tick that was handled.
    private(set) var now: UInt32 = 0

    /// Sets the deadline of the row with a token.
    mutating func schedule(_ deadline: inout Deadline, _ token: UInt64, at tick: UInt32) {
        deadline.tick = tick
        if deadline.wakes > now, deadline.wakes <= tick { return }
        enter(&deadline, token)
    }

    /// Enters a token. A deadline beyond the wheel wakes it early.
    private mutating func enter(_ deadline: inout Deadline, _ token: UInt64) {
        let wakes = min(max(deadline.tick, now + 1), now + UInt32(buckets.count) - 1)
        buckets[Int(wakes) % buckets.count].append(token)
        deadline.wakes = wakes
    }

    /// Moves on to `tick` and appends the tokens to look at, with the tick of each: see ``isDue(_:_:woken:)``.
    mutating func advance(to tick: UInt32, into woken: inout [(tick: UInt32, token: UInt64)]) {
        while now < tick {
            now += 1
            let bucket = Int(now) % buckets.count
            for token in buckets[bucket] { woken.append((now, token)) }
            buckets[bucket].removeAll(keepingCapacity: buckets[bucket].capacity <= 16)
        }
    }

    /// Whether the row of a token that ``advance(to:into:)`` returned is due. If its deadline has moved, it is entered again.
    mutating func isDue(_ deadline: inout Deadline, _ token: UInt64, woken tick: UInt32) -> Bool {
        guard deadline.wakes == tick else { return false }
        deadline.wakes = 0
        if deadline.tick <= now { return true }
        enter(&deadline, token)
        return false
    }
}
