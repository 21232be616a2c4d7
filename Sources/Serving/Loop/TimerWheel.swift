/// Coarse and cheap deadlines. A row is due at its tick, or at the next tick if its own is already over.
struct TimerWheel {
    private var buckets = [[UInt64]](repeating: [], count: 512)
    /// The last tick that ``advance(to:into:)`` handled.
    private(set) var now: UInt32 = 0

    /// Sets the deadline of the row with a token.
    mutating func schedule(_ deadline: inout Deadline, _ token: UInt64, at tick: UInt32) {
        deadline.tick = tick
        if deadline.wakes > now, deadline.wakes <= tick { return }
        enter(&deadline, token)
    }

    /// Enters a token. The wheel wakes a row early when its deadline is more than 511 ticks ahead.
    private mutating func enter(_ deadline: inout Deadline, _ token: UInt64) {
        let wakes = min(max(deadline.tick, now + 1), now + UInt32(buckets.count) - 1)
        buckets[Int(wakes) % buckets.count].append(token)
        deadline.wakes = wakes
    }

    /// Advances to `tick` and appends the tokens of the woken rows, with the tick of each. Check each of them with
    /// ``isDue(_:_:woken:)``.
    mutating func advance(to tick: UInt32, into woken: inout [(tick: UInt32, token: UInt64)]) {
        while now < tick {
            now += 1
            let bucket = Int(now) % buckets.count
            for token in buckets[bucket] { woken.append((now, token)) }
            buckets[bucket].removeAll(keepingCapacity: buckets[bucket].capacity <= 16)
        }
    }

    /// Whether a row that ``advance(to:into:)`` woke is due. Enters it again if its deadline is later.
    mutating func isDue(_ deadline: inout Deadline, _ token: UInt64, woken tick: UInt32) -> Bool {
        guard deadline.wakes == tick else { return false }
        deadline.wakes = 0
        if deadline.tick <= now { return true }
        enter(&deadline, token)
        return false
    }
}
