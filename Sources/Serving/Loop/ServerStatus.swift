import Broadcasting

/// The sums of the counters of all loops, at about one moment.
public struct ServerStatus: Sendable, Hashable {
    /// Open connections.
    public var connections = 0
    /// Subscribers, one for each connection that carries a stream.
    public var subscribers = 0
    /// Events published since the start.
    public var published = 0
    /// Events delivered since the start: an event counts once for each subscriber that received it whole.
    public var delivered = 0
    /// How often since the start crier made a slow subscriber skip events.
    public var skips = 0
    /// Nanoseconds of the longest turn of a loop since the start.
    public var longestTurn = 0
    /// Connections ended since the start, by ``CloseReason``.
    public var closed: [Int] = Array(repeating: 0, count: CloseReason.allCases.count)
    /// Slow subscribers that crier disconnected or made skip events since the start, by ``Broadcasting/LagLimit``.
    public var lagged: [Int] = Array(repeating: 0, count: LagLimit.allCases.count)

    /// Adds the counters of one loop.
    mutating func add(_ status: LoopStatus) {
        connections += status.connections.current
        subscribers += status.subscribers.current
        published += status.published.current
        delivered += status.delivered.current
        skips += status.skips.current
        longestTurn = max(longestTurn, status.longestTurn.current)
        for (index, count) in status.closed.enumerated() { closed[index] += count }
        for (index, count) in status.lagged.enumerated() { lagged[index] += count }
    }
}
