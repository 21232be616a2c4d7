import HeapModule

/// The changes that the shared log has yet to take, and what it has given this node.
struct SharedQueue {
    /// A change, and who waits for it.
    struct Waiting: HasSteps {
        let change: SharedChange
        let reply: ReplyAddress?
        let since: UInt64

        var steps: Int { change.steps }
    }

    /// A client whose position this node has not reached.
    struct Ahead: Comparable {
        let number: UInt64
        let reply: ReplyAddress
        let since: UInt64

        static func < (one: Self, other: Self) -> Bool { one.number < other.number }
    }

    /// The most clients that wait. Further ones get a gap at once.
    static let mostAhead = 65_536
    /// The most bytes of a change: etcd takes requests of 1.5 MiB.
    static let largestChange = 1_400_000
    /// The most bytes of an entry. A single publish may have more.
    private static let entrySize = 1 << 20

    /// The name of this node.
    let node: String
    private var waiting = WaitingWrites<Waiting>()
    /// Whether the thread that appends was woken and has not yet seen an empty queue.
    private var isNotified = false
    /// How many changes of the queue have been taken and are neither applied nor refused.
    var inFlight = 0
    /// The newest revision that the node has applied.
    private(set) var revision: UInt64 = 0
    /// The time of the newest entry. Clocks differ, and the times of a log must not go back.
    var time: UInt64 = 0
    /// Whether the log has refused a report of all subscribers.
    var mustReportAnew = false
    /// Clients that wait until the node has reached their positions.
    var ahead: Heap<Ahead> = []

    init(node: String) { self.node = node }

    var isEmpty: Bool { waiting.isEmpty }

    mutating func append(_ change: SharedChange, _ reply: ReplyAddress?, now: UInt64) {
        waiting.append(Waiting(change: change, reply: reply, since: now))
    }

    /// Whether the thread that appends must be woken now.
    mutating func needsNotification() -> Bool {
        if isEmpty || isNotified { return false }
        isNotified = true
        return true
    }

    /// Takes the changes of the next entry; nil when there are none.
    mutating func take() -> SharedBatch? {
        isNotified = !isEmpty
        guard isNotified else { return nil }
        var (places, bytes) = (SharedNumber.changesPerEntry, Self.entrySize)
        let taken = waiting.take { waiting in
            places -= waiting.change.places
            bytes -= waiting.change.size
            return places >= 0 && bytes >= 0
        }
        inFlight += taken.count
        return SharedBatch(taken)
    }

    /// Takes those that came before a time, but no more than fit into an entry.
    mutating func take(before time: UInt64) -> SharedBatch? {
        guard let oldest = waiting.oldest(\.since), oldest < time else { return nil }
        return take()
    }

    /// The node has applied everything up to a revision.
    ///
    /// - Returns: the clients that waited for it.
    mutating func reach(_ revision: UInt64) -> [ReplyAddress] {
        self.revision = max(revision, self.revision)
        return takeReached()
    }

    /// Takes the clients that wait no longer for a position of no node.
    ///
    /// - Parameters:
    ///   - head: the newest revision of the log at a time.
    ///   - time: those that asked before it.
    mutating func takeBeyond(_ head: UInt64, askedBefore time: UInt64) -> [ReplyAddress] {
        let head = SharedNumber.last(of: head)
        let isOver = { (client: Ahead) in client.since < time && client.number > head }
        let over = ahead.unordered.filter(isOver)
        if !over.isEmpty { ahead = Heap(ahead.unordered.filter { !isOver($0) }) }
        return over.map(\.reply)
    }

    private mutating func takeReached() -> [ReplyAddress] {
        let through = SharedNumber.last(of: revision)
        var replies: [ReplyAddress] = []
        while let first = ahead.min, first.number <= through { replies.append(ahead.removeMin().reply) }
        return replies
    }
}
