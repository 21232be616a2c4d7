import Kernel

/// Decides when to notify systemd's watchdog: only if every event loop has made a turn since the last notification.
struct LoopWatchdog {
    /// Milliseconds between two checks; nil without a watchdog.
    private let period: UInt64?
    private var next: UInt64
    private var lastTurns: [Int] = []

    init(period: UInt64?) {
        self.period = period
        next = Clock.monotonic
    }

    /// Milliseconds that the caller may wait before the next check, at most `limit`.
    func wait(atMost limit: UInt64) -> Int {
        let now = Clock.monotonic
        guard period != nil else { return Int(limit) }
        return Int(min(limit, next > now ? next - now : 0))
    }

    /// Whether a check is due and every loop has made a turn since the last one. A loop that hangs keeps this false
    /// until systemd's time-out restarts the daemon.
    ///
    /// - Parameter turns: the number of turns of each loop so far.
    mutating func isDue(_ turns: [Int]) -> Bool {
        guard let period, Clock.monotonic >= next else { return false }
        next = Clock.monotonic + period
        defer { lastTurns = turns }
        return lastTurns.isEmpty || zip(lastTurns, turns).allSatisfy { $0 != $1 }
    }
}
