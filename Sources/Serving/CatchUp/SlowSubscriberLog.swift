import Broadcasting
import Kernel
import Logging

/// Counts and logs the slow subscribers that crier cuts off or makes skip. A thousand of them must not fill the
/// journal.
struct SlowSubscriberLog {
    private var limiter = LogLineLimiter(limit: 10)
    private let log: Logger
    private let status: LoopStatus

    init(_ context: LoopContext) {
        log = context.log
        status = context.status
    }

    /// - Parameters:
    ///   - action: the end of the sentence "a slow subscriber …".
    ///   - now: milliseconds of the monotonic clock.
    mutating func record(
        _ action: String, _ lag: LagLimit, _ peer: @autoclosure () -> SocketAddress,
        _ topic: @autoclosure () -> TopicSubject, now: UInt64
    ) {
        status.count(lag)
        guard let suppressed = limiter.admit(now: now) else { return }
        log.notice(
            "a slow subscriber \(action)",
            metadata: ["peer": "\(peer())", "channel": "\(topic())", "lag": "\(lag)", "suppressed": "\(suppressed)"])
    }
}
