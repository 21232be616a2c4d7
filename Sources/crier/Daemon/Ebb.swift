/// ControlEvents when much of what the daemon held has gone, which is when memory can be given back.
struct Ebb {
    private var connections = 0
    private var bytes = 0
    /// When to look again for what was let go later: deadlines of those who left are dropped when they come up.
    private var again: UInt64?

    /// Less than this is not worth the look through the heap.
    private static let fewConnections = 256
    private static let fewBytes = 4 << 20
    private static let patience: UInt64 = 20_000

    /// - Parameters:
    ///   - connections: how many there are now.
    ///   - bytes: how many the history holds now.
    ///   - now: milliseconds of the monotonic clock.
    /// - Returns: whether half of either has gone since the last time that this was so, or since there was most; and
    ///   once more after a while.
    mutating func isLow(connections left: Int, bytes held: Int, now: UInt64) -> Bool {
        connections = max(connections, left)
        bytes = max(bytes, held)
        let isLow =
            (left <= connections / 2 && connections - left >= Self.fewConnections)
            || (held <= bytes / 2 && bytes - held >= Self.fewBytes)
        if isLow {
            (connections, bytes, again) = (left, held, now + Self.patience)
            return true
        }
        guard let again, now >= again else { return false }
        self.again = nil
        return true
    }
}
