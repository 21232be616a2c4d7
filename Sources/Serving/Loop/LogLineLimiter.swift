/// Limits the log lines of one kind in a period, and counts the suppressed ones.
struct LogLineLimiter {
    /// Milliseconds of a period.
    static let period: UInt64 = 10_000
    /// Lines in a period.
    private let limit: Int

    private var began: UInt64 = 0
    private var admitted = 0
    private var suppressed = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// - Parameter now: milliseconds of the monotonic clock.
    /// - Returns: how many lines were suppressed since the last one; nil when this line is suppressed too.
    mutating func admit(now: UInt64) -> Int? {
        if now >= began + Self.period || began == 0 { (began, admitted) = (now, 0) }
        guard admitted < limit else {
            suppressed += 1
            return nil
        }
        admitted += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
