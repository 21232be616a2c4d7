/// What may still be done while the hub's lock is held this time. The rest waits for the next time: other threads get the
/// lock in between.
struct HoldBudget {
    /// Evictions, and records of them for patterns; each takes a fraction of a microsecond.
    private static let steps = 512

    private var left = steps

    /// Takes one eviction.
    ///
    /// - Returns: whether it may be done.
    mutating func take() -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return true
    }

    /// Takes what must be done anyway.
    mutating func use() { left -= 1 }
}
