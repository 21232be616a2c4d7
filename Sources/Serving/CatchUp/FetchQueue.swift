import DequeModule

/// Bounds how many subscribers of one loop wait for the archive at a time, because the events that it reads for them
/// are in memory until they are written.
struct FetchQueue {
    /// The most fetches at a time.
    private static let limit = 16

    private var active = 0
    /// Subscribers that wait until fewer fetches are active. Some may have left, or need no fetch any more.
    private var waiting: Deque<Subscribers.Token> = []

    /// Whether a waiting subscriber may fetch now.
    var canAdmit: Bool { !waiting.isEmpty && active < Self.limit }

    /// Starts a fetch, or queues the subscriber.
    ///
    /// - Returns: whether the fetch may start now.
    mutating func start(_ token: Subscribers.Token) -> Bool {
        guard active < Self.limit else {
            waiting.append(token)
            return false
        }
        active += 1
        return true
    }

    mutating func finish() { active -= 1 }

    /// The subscribers that may fetch now.
    mutating func admit() -> [Subscribers.Token] {
        var admitted: [Subscribers.Token] = []
        while active + admitted.count < Self.limit, let next = waiting.popFirst() { admitted.append(next) }
        return admitted
    }
}
