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
        readingEnd = began + Self.quickReads
        let previous = tick
        tick = UInt32(truncatingIfNeeded: (now - min(start, now)) / Self.tickLength)
        isNewTick = tick != previous
        isNewSecond = tick / 10 != previous / 10
    }

    /// Nanoseconds of the monotonic clock when the turn ended.
    private(set) var ended: UInt64 = 0

    /// Ends the turn.
    ///
    /// - Returns: how long it took, in nanoseconds.
    mutating func end() -> UInt64 {
        ended = Clock.monotonicNanoseconds
        return ended - began
    }

    /// Milliseconds that the clock of the machine is ahead of ``today``, because somebody has set it.
    var clockAhead: Int64 { Int64(Clock.realtime) - Int64(Clock.steady) }

    /// Milliseconds as ticks, rounded up; at least one. A deadline this many ticks ahead comes up to one tick early,
    /// because the current tick has begun already.
    static func ticks(_ milliseconds: UInt64) -> UInt32 {
        UInt32(clamping: max(1, (milliseconds + tickLength - 1) / tickLength))
    }

    /// Nanoseconds at the start of a turn in which the loop reads quick connections.
    private static let quickReads: UInt64 = 250_000
    /// Nanoseconds of each part of a turn whose work can wait: requests that take long, replay and upkeep.
    private static let part: UInt64 = 100_000

    /// When the loop stops reading connections, in nanoseconds of the monotonic clock, so that events and other parts of
    /// the turn have their time.
    private var readingEnd: UInt64 = 0

    /// Whether the loop may read on, or begin to read another connection.
    var mayRead: Bool { Clock.monotonicNanoseconds < readingEnd }

    /// Begins the part of a turn that reads the connections that are not quick, and replays events.
    mutating func startReadingOthers() { readingEnd = deadlineForPart() }

    /// The end of the time to write events, in nanoseconds of the monotonic clock: as long as the turn has taken so far,
    /// or 0.25 ms if that is more. So many publishers cannot outrun the delivery of their events, and new connections and
    /// small channels wait no longer than this for a large channel.
    func deadlineForFanOut() -> UInt64 {
        let now = Clock.monotonicNanoseconds
        return now + max(Self.quickReads, now - began)
    }

    /// The end of the time for a part of the turn whose work can wait, in nanoseconds of the monotonic clock. These parts
    /// are short: an event that arrives meanwhile waits for all of them.
    func deadlineForPart() -> UInt64 { Clock.monotonicNanoseconds + Self.part }
}
