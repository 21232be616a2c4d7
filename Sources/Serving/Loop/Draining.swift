/// A loop on its way to its end. Times are milliseconds of the monotonic clock.
struct Draining {
    /// Milliseconds in which a client without a request so far can still send one, since its connection has left the kernel's
    /// backlog, so that the next daemon cannot serve it; and in which streams wait for what publishers have sent.
    private static let patience: UInt64 = 1000

    /// When the loop closes the remaining connections.
    let end: UInt64
    /// Until when a client that has not sent anything yet may still send a request, and streams wait for what is published.
    let patienceEnd: UInt64
    /// Whether the loop has told the others that it has no request in progress.
    var hasFinishedRequests = false

    private let start: UInt64
    private let spread: UInt64

    /// - Parameters:
    ///   - spread: milliseconds; see ``ServingSettings/drain``.
    ///   - timeout: milliseconds; see ``ServingSettings/shutdown``.
    init(now: UInt64, spread: UInt64, timeout: UInt64) {
        start = now
        self.spread = spread
        end = now + spread + timeout
        patienceEnd = now + min(Self.patience, timeout)
    }

    /// Whether it is the turn of the stream of a subscriber to end. The turns are spread evenly, in an order that has nothing
    /// to do with when they came.
    func isDue(_ slot: UInt32, now: UInt64) -> Bool {
        // Multiplied by the golden ratio of 2^32, neighbours come to lie far apart.
        start + (UInt64(slot &* 0x9E37_79B9) * spread) >> 32 <= now
    }
}
