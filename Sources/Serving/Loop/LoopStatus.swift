import Broadcasting

/// The counters of one loop. The loop writes them, any thread reads them; a reader sees each number whole, though not all
/// of the same moment.
public final class LoopStatus: Sendable {
    /// Rises with every turn: the supervisor takes a loop whose number stands still for hung.
    let turns = Gauge()
    let connections = Gauge()
    let subscribers = Gauge()
    let published = Gauge()
    let delivered = Gauge()
    let skips = Gauge()
    private let lags = Guarded<[Int]>(Array(repeating: 0, count: Lag.allCases.count))
    private let closures = Guarded<[Int]>(Array(repeating: 0, count: CloseReason.allCases.count))

    init() {}

    func count(_ reason: CloseReason) {
        closures.withLock { $0[reason.rawValue] += 1 }
    }

    var closed: [Int] { closures.withLock { $0 } }

    func count(_ lag: Lag) {
        lags.withLock { $0[lag.rawValue] += 1 }
    }

    var lagged: [Int] { lags.withLock { $0 } }
}
