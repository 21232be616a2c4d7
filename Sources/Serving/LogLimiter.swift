/// Lets so many lines of a kind into the log in a while, and counts those that it keeps out.
struct LogLimiter {
    /// Milliseconds of a while.
    static let period: UInt64 = 10_000
    /// Lines in a while.
    static let limit = 10

    private var began: UInt64 = 0
    private var admitted = 0
    private var suppressed = 0

    /// - Returns: how many were kept out since the last one; nil when this one is kept out too.
    mutating func admit(now: UInt64) -> Int? {
        if now >= began + Self.period || began == 0 { (began, admitted) = (now, 0) }
        guard admitted < Self.limit else {
            suppressed += 1
            return nil
        }
        admitted += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
