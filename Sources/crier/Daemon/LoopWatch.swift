import Kernel

/// Says when systemd may be told that all is well: only when every loop has turned since it was last told.
struct LoopWatch {
    /// Milliseconds between two looks; nil without a watchdog.
    private let period: UInt64?
    private var next: UInt64
    private var seen: [Int] = []

    init(period: UInt64?) {
        self.period = period
        next = Clock.monotonic
    }

    /// How long to wait for other things, in milliseconds.
    func wait(atMost limit: UInt64) -> Int {
        let now = Clock.monotonic
        guard period != nil else { return Int(limit) }
        return Int(min(limit, next > now ? next - now : 0))
    }

    /// Whether a look is due and every loop has turned since the last one. A loop that stands still keeps this false
    /// until systemd's patience ends.
    mutating func isDue(_ turns: [Int]) -> Bool {
        guard let period, Clock.monotonic >= next else { return false }
        next = Clock.monotonic + period
        defer { seen = turns }
        return seen.isEmpty || zip(seen, turns).allSatisfy { $0 != $1 }
    }
}
