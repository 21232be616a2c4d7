/// The deadlines of those who are written to in one tick. Slots are spread over a fifth of the interval, so that those
/// served by one pass do not all get their heartbeat in one tick.
struct Heartbeats {
    private let latest: UInt32
    private let spread: UInt32

    init(now: UInt32, interval: UInt32) {
        latest = now + interval
        spread = interval / 5 + 1
    }

    @inline(__always)
    func deadline(_ slot: UInt32) -> UInt32 { latest - slot % spread }
}

/// Deadlines, coarse and cheap. A tick is 100 ms; a deadline is met at its tick or at most one later.
///
/// An entry is a token and no more: whoever it wakes looks up what its deadline is now, and if that has moved on,
/// as it does with every write to a subscriber, is entered again. So moving a deadline later costs nothing.
struct TimerWheel {
    /// Milliseconds of a tick.
    static let tick: UInt64 = 100

    private var buckets = [[UInt64]](repeating: [], count: 512)
    private let start: UInt64
    /// The last tick that was handled.
    private(set) var now: UInt32 = 0

    /// - Parameter start: milliseconds of the monotonic clock that are tick 0.
    init(start: UInt64) {
        self.start = start
    }

    /// The tick in which a moment lies.
    func tick(at milliseconds: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: (milliseconds - min(start, milliseconds)) / Self.tick)
    }

    /// Ticks that last at least so many milliseconds; at least one.
    static func ticks(_ milliseconds: UInt64) -> UInt32 {
        UInt32(clamping: max(1, (milliseconds + tick - 1) / tick))
    }

    /// Enters a token. A deadline beyond the wheel wakes it early, and it is entered again then.
    ///
    /// - Returns: the tick at which it will wake.
    mutating func enter(_ token: UInt64, at deadline: UInt32) -> UInt32 {
        let due = min(max(deadline, now + 1), now + UInt32(buckets.count) - 1)
        buckets[Int(due) % buckets.count].append(token)
        return due
    }

    /// Moves on to `tick` and answers the tokens that came due, each tick's in turn.
    mutating func advance(to tick: UInt32, _ due: inout [(tick: UInt32, token: UInt64)]) {
        while now < tick {
            now += 1
            let bucket = Int(now) % buckets.count
            for token in buckets[bucket] { due.append((now, token)) }
            buckets[bucket].removeAll(keepingCapacity: buckets[bucket].capacity <= 16)
        }
    }
}
