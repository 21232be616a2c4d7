/// The time limits of a loop that is stopping, in milliseconds of the monotonic clock.
struct DrainDeadlines {
    /// Milliseconds in which a client without a request so far can still send one. Its connection has left the kernel's
    /// backlog, so the next daemon cannot serve it.
    private static let patience: UInt64 = 1000

    /// When the loop closes the remaining connections.
    let end: UInt64
    /// Until when a client that has not sent anything yet may still send a request.
    let firstRequest: UInt64

    /// - Parameter timeout: milliseconds; see ``ServingSettings/shutdown``.
    init(now: UInt64, timeout: UInt64) {
        end = now + timeout
        firstRequest = now + min(Self.patience, timeout)
    }
}
