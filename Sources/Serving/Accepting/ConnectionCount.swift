import Synchronization

/// How many connections the process has, over all loops.
final class ConnectionCount: Sendable {
    /// Connections beyond the limit that crier accepts in order to refuse them politely.
    static let reserve = 48

    private let count = Gauge()
    private let acceptingLoops: Atomic<Int>
    private let requestingLoops: Atomic<Int>

    init(loops: Int) {
        acceptingLoops = Atomic(loops)
        requestingLoops = Atomic(loops)
    }

    /// Called by a loop that accepts no more connections, and so hands none to other loops.
    func stopAccepting() { acceptingLoops.subtract(1, ordering: .sequentiallyConsistent) }

    /// Whether no loop accepts any more.
    var isClosed: Bool { acceptingLoops.load(ordering: .sequentiallyConsistent) == 0 }

    /// Called once by a loop that stops, when it has no request in progress.
    func finishRequests() { requestingLoops.subtract(1, ordering: .sequentiallyConsistent) }

    /// Whether all loops have finished their requests: then only a connection that had sent nothing can still publish.
    var hasFinishedRequests: Bool { requestingLoops.load(ordering: .sequentiallyConsistent) == 0 }

    /// The admission of the next connection; nil leaves it in the kernel's backlog, because there is no room to refuse
    /// it.
    ///
    /// - Parameter limit: see ``ServingSettings/connections``.
    func admission(limit: Int) -> Admission? {
        let count = count.current
        if count < limit { return .served }
        return count < limit + Self.reserve ? .full : nil
    }

    func add() { count.add(1) }

    func remove() { count.add(-1) }
}
