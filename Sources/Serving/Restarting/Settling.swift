/// A loop on its way to a ``Freeze``.
struct Settling {
    /// Milliseconds in which a client can send the rest of a request, and take an answer.
    private static let patience: UInt64 = 1000

    let freeze: Freeze
    /// Until when clients may finish what they have begun, in milliseconds of the monotonic clock.
    let patienceEnd: UInt64
    /// When the loop closes the connections whose requests are still in progress.
    let end: UInt64
    /// Whether the loop has told the others that it has settled.
    var hasSettled = false

    /// - Parameter timeout: milliseconds; see ``ServingSettings/shutdown``.
    init(_ freeze: Freeze, now: UInt64, timeout: UInt64) {
        self.freeze = freeze
        patienceEnd = now + min(Self.patience, timeout)
        end = now + timeout
    }
}
