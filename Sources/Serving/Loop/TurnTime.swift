import Kernel

/// The time of a turn, read once.
struct TurnTime {
    /// Milliseconds of a tick, the unit of deadlines.
    static let tickLength: UInt64 = 100

    /// Milliseconds of the monotonic clock that are tick 0.
    private let start: UInt64
    /// Nanoseconds of the monotonic clock when the turn began.
    private(set) var began: UInt64
    /// Milliseconds of the monotonic clock.
    private(set) var now: UInt64
    /// Milliseconds since 1970, by ``Clock/steady``: the times of the hub.
    private(set) var today: UInt64
    /// Whole ticks since the start of the loop.
    private(set) var tick: UInt32 = 0
    /// Whether the tick differs from that of the turn before.
    private(set) var isNewTick = false
    /// Whether a second of ten ticks has begun since the turn before.
    private(set) var isNewSecond = false

    init() {
        began = Clock.monotonicNanoseconds
        now = began / 1_000_000
        today = Clock.steady
        start = now
    }

    /// Reads the clocks.
    mutating func update() {
        began = Clock.monotonicNanoseconds
        now = began / 1_000_000
        today = Clock.steady
        let previous = tick
        tick = UInt32(truncatingIfNeeded: (now - min(start, now)) / Self.tickLength)
        isNewTick = tick != previous
        isNewSecond = tick / 10 != previous / 10
    }

    /// Milliseconds that the clock of the machine is ahead of ``today``, because somebody has set it.
    var clockAhead: Int64 { Int64(Clock.realtime) - Int64(Clock.steady) }

    /// Milliseconds as ticks, rounded up; at least one. A deadline this many ticks ahead comes up to one tick early,
    /// because the current tick has begun already.
    static func ticks(_ milliseconds: UInt64) -> UInt32 {
        UInt32(clamping: max(1, (milliseconds + tickLength - 1) / tickLength))
    }

    /// Nanoseconds of a turn after which the loop reads no further connection, so that events and other parts of the turn
    /// have their time.
    private static let readingTime: UInt64 = 250_000

    /// Whether the loop may begin to read another connection in this turn.
    var mayRead: Bool { Clock.monotonicNanoseconds < began + Self.readingTime }

    /// The end of the time for the next part of the turn, in nanoseconds of the monotonic clock: as long as the turn
    /// has taken so far, or 0.25 ms if that is more. So many publishers cannot outrun the delivery of their events, and
    /// new connections and small channels wait no longer than this for a large channel.
    func deadlineForPart() -> UInt64 {
        let now = Clock.monotonicNanoseconds
        return now + max(250_000, now - began)
    }
}
