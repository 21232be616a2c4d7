import Broadcasting
import Synchronization

/// Why a connection ended.
public enum CloseReason: Int, CaseIterable, Sendable {
    /// The client closed or vanished.
    case client
    /// The answer was the last on this connection.
    case answered
    /// No request came in time.
    case idle
    /// A request was too slow.
    case timeout
    /// A subscriber was too far behind.
    case slow
    /// The channel ended.
    case ended
    /// The daemon is full.
    case refused
    /// The daemon stops.
    case shutdown
}

/// What a loop tells about itself. The loop writes, anyone reads; a reader sees each number whole, if not all of the
/// same moment.
public final class LoopStatus: Sendable {
    /// Rises with every turn: a loop that hangs is seen by its standing still.
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

/// A number that one thread changes and all may read.
struct Gauge: ~Copyable, Sendable {
    private let value = Atomic<Int>(0)

    func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }

    var current: Int { value.load(ordering: .relaxed) }
}

/// The sum over all loops, at about one moment.
public struct ServerStatus: Sendable, Hashable {
    /// Open connections.
    public var connections = 0
    /// Subscribers among them.
    public var subscribers = 0
    /// Events published since the start.
    public var published = 0
    /// Events delivered since the start: one for each subscriber that got it.
    public var delivered = 0
    /// How often since the start a slow subscriber was made to skip events.
    public var skips = 0
    /// Connections ended since the start, by ``CloseReason``.
    public var closed: [Int] = Array(repeating: 0, count: CloseReason.allCases.count)
    /// Slow subscribers that were cut off or made to skip events since the start, by ``Broadcasting/Lag``.
    public var lagged: [Int] = Array(repeating: 0, count: Lag.allCases.count)
}
