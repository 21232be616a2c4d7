/// Decides when to return memory to the kernel: after many connections or many bytes of history are gone.
struct MemoryTrimming {
    private var peakConnections = 0
    private var peakBytes = 0
    /// When to trim a second time: a loop frees the timers of closed connections only when they expire.
    private var secondTrim: UInt64?

    /// A smaller decrease is not worth the time that trimming takes.
    private static let minimumConnections = 256
    private static let minimumBytes = 4 << 20
    /// Milliseconds between the first and the second trim.
    private static let secondTrimDelay: UInt64 = 20_000

    /// Whether to trim now: when connections or bytes have fallen to half of their peak, and once more 20 s later.
    ///
    /// - Parameters:
    ///   - connections: the current number of connections.
    ///   - bytes: the current bytes of the history.
    ///   - now: milliseconds of the monotonic clock.
    mutating func shouldTrim(connections: Int, bytes: Int, now: UInt64) -> Bool {
        peakConnections = max(peakConnections, connections)
        peakBytes = max(peakBytes, bytes)
        let hasFallen =
            (connections <= peakConnections / 2 && peakConnections - connections >= Self.minimumConnections)
            || (bytes <= peakBytes / 2 && peakBytes - bytes >= Self.minimumBytes)
        if hasFallen {
            (peakConnections, peakBytes, secondTrim) = (connections, bytes, now + Self.secondTrimDelay)
            return true
        }
        guard let secondTrim, now >= secondTrim else { return false }
        self.secondTrim = nil
        return true
    }
}
