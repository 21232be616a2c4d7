import Broadcasting

/// The counters of one loop. Any thread may read them; the numbers need not be of the same moment. Only the loop itself
/// writes them, except for `connections`, which the accepting loop raises.
public final class LoopStatus: Sendable {
    /// Rises with every turn. To the supervisor, a loop whose number does not rise hangs.
    let turns = Gauge()
    /// Nanoseconds of the longest turn, without the time in which the loop waits.
    let longestTurn = Gauge()
    let connections = Gauge()
    let subscribers = Gauge()
    let published = Gauge()
    let delivered = Gauge()
    let skips = Gauge()
    private let lags = Guarded<[Int]>(Array(repeating: 0, count: LagLimit.allCases.count))
    private let closures = Guarded<[Int]>(Array(repeating: 0, count: CloseReason.allCases.count))

    init() {}

    func count(_ reason: CloseReason) {
        closures.withLock { $0[reason.rawValue] += 1 }
    }

    var closed: [Int] { closures.withLock { $0 } }

    func count(_ lag: LagLimit) {
        lags.withLock { $0[lag.rawValue] += 1 }
    }

    var lagged: [Int] { lags.withLock { $0 } }
}
