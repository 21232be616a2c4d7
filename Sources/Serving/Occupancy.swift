import Synchronization

/// How many connections the process has, over all loops, and how many it may have.
final class Occupancy: Sendable {
    /// What to do with a new connection.
    enum Verdict {
        case serve
        /// Take it, tell it politely that there is no room, and close.
        case refuse
        /// Leave it in the backlog: not even a refusal has room.
        case leave
    }

    /// Connections beyond the limit that are taken in order to be refused.
    static let reserve = 48

    private let count = Gauge()
    private let acceptingLoops: Atomic<Int>

    init(loops: Int) {
        acceptingLoops = Atomic(loops)
    }

    /// Called by a loop that will accept nothing more, and so hand nothing more over.
    func closeLoop() { acceptingLoops.subtract(1, ordering: .sequentiallyConsistent) }

    /// Whether no loop accepts any more.
    var isClosed: Bool { acceptingLoops.load(ordering: .sequentiallyConsistent) == 0 }

    func verdict(limit: Int) -> Verdict {
        let count = count.current
        if count < limit { return .serve }
        return count < limit + Self.reserve ? .refuse : .leave
    }

    func add() { count.add(1) }

    func remove() { count.add(-1) }
}
