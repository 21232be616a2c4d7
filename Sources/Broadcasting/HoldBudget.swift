/// What may still be done while the hub's lock is held this time. The rest waits for the next time: other threads get the
/// lock in between.
struct HoldBudget {
    /// Evictions, and records of them for patterns; each takes a fraction of a microsecond.
    static let standard = 512
    /// For the thread of the archive, which goes on until nothing is left, while publishers wait for the lock.
    static let brief = 64

    private var left: Int

    init(steps: Int = standard) { left = steps }

    /// Whether more may be done.
    var isLeft: Bool { left > 0 }

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
