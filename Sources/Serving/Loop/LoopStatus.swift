import Access
import Broadcasting
import Metrics

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
    /// Bytes of delivered events, as they were written.
    let deliveredBytes = Counter()
    /// System calls that wrote one or more whole events of the log.
    let writes = Counter()
    /// Subscribers that named a position.
    let resumes = Counter()
    /// Gaps that were told.
    let gaps = Counter()
    /// Subscribers that are behind the head of the log.
    let behind = Gauge()
    /// How long turns took.
    let turnTimes = Histogram()
    /// From the publish of an event to the last write of it by this loop.
    let deliveryTimes = Histogram()
    /// Streams that ended, by ``StreamEnd``.
    let endedStreams = InlineArray<7, Counter> { _ in Counter() }
    /// Requests that were refused, by ``RefusalReason``.
    let refused = InlineArray<14, Counter> { _ in Counter() }
    /// Tokens that were not accepted, by their places in `TokenFault.allCases`.
    let tokenFaults = InlineArray<32, Counter> { _ in Counter() }
    private let lags = Guarded<[Int]>(Array(repeating: 0, count: LagLimit.allCases.count))
    private let closures = Guarded<[Int]>(Array(repeating: 0, count: CloseReason.allCases.count))

    init() {}

    /// Counts an answer if it refuses a request.
    func countRefusal(status: Int) {
        if status >= 400 { refused[RefusalReason(status: status).rawValue].add(1) }
    }

    func count(_ fault: TokenFault) {
        if let index = TokenFault.allCases.firstIndex(of: fault), index < tokenFaults.count {
            tokenFaults[index].add(1)
        }
    }

    func count(_ reason: CloseReason) {
        closures.withLock { $0[reason.rawValue] += 1 }
    }

    var closed: [Int] { closures.withLock { $0 } }

    func count(_ lag: LagLimit) {
        lags.withLock { $0[lag.rawValue] += 1 }
    }

    var lagged: [Int] { lags.withLock { $0 } }
}
