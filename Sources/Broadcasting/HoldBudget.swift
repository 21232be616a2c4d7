/// What may still be done while the hub's lock is held this time. The rest waits for the next time: other threads get the
/// lock in between.
struct HoldBudget {
    /// Evictions; each takes a fraction of a microsecond.
    private static let evictions = 512

    private var left = evictions

    /// Takes one eviction.
    ///
    /// - Returns: whether it may be done.
    mutating func take() -> Bool {
        left -= 1
        return left >= 0
    }
}
