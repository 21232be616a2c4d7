import Broadcasting

/// The subscribers that one loop has for a topic, and the events that wait for them.
///
/// Fan-out scans the subscribers in rounds while events wait: one list after the other, so that each form of an event
/// is laid out once for a part of a round. An event joins at the current place of the scan, and fan-out has offered it to
/// every subscriber when the scan returns to that place. So an event on offer waits for about one round, whenever it
/// arrives, and then frees its room in the backlog.
struct TopicFanOut {
    /// A list of subscribers.
    enum List: Equatable {
        /// The subscribers of this topic alone whose streams have this form: the fast path.
        case form(StreamForm)
        /// The subscribers of several topics. Each receives the events of all its topics together, in the order of the
        /// log.
        case several

        /// Its place in the scan. Nearly every topic has only the first list.
        fileprivate var index: Int {
            switch self {
            case .form(.chunked): 0
            case .several: 1
            case .form(.bare): 2
            case .form(.chunkedEnvelope): 3
            case .form(.bareEnvelope): 4
            }
        }

        fileprivate static let scanned: [List] = [
            .form(.chunked), .several, .form(.bare), .form(.chunkedEnvelope), .form(.bareEnvelope),
        ]
    }

    /// The topic in the hub.
    let topic: TopicID
    /// Its channel or pattern.
    let subject: TopicSubject
    /// Whether metrics count its events: not those of the daemon's own channels.
    let isCounted: Bool
    /// The lists in the order of the scan, as far as there were subscribers for them.
    private var lists: ContiguousArray<RoundRobin> = []
    /// The events that fan-out has not yet offered to every subscriber, in the order of the log.
    private(set) var waiting: ContiguousArray<MailboxItem> = []
    /// The position of the scan when each event on offer joined; see ``offered``.
    private var starts: ContiguousArray<Position> = []
    private var round: UInt32 = 0
    /// The index of the list that the scan is in.
    private var current = 0

    private struct Position {
        let round: UInt32
        let list: Int
        let place: Int
    }

    init(topic: TopicID, subject: TopicSubject) {
        self.topic = topic
        self.subject = subject
        isCounted = subject.description.utf8.first != UInt8(ascii: "$")
    }

    // MARK: Subscribers

    var hasNoSubscribers: Bool { lists.allSatisfy { $0.slots.isEmpty } }

    /// Adds a subscriber, which the scan visits later.
    ///
    /// - Returns: its place in the list.
    mutating func append(_ slot: UInt32, to list: List) -> Int {
        while lists.count <= list.index { lists.append(RoundRobin()) }
        return lists[list.index].append(slot)
    }

    /// Removes the subscriber at a place of a list, and moves up to two others to do so.
    mutating func remove(at place: Int, of list: List) -> (RoundRobin.Move?, RoundRobin.Move?) {
        lists[list.index].remove(at: place)
    }

    // MARK: The scan

    /// The list that the scan is in, and its subscribers from the next one on.
    var scan: (list: List, slots: ContiguousArray<UInt32>, next: Int) {
        (List.scanned[current], lists[current].slots, lists[current].next)
    }

    /// Records that the scan has visited the subscribers of its list before a place, and moves it on to the next list
    /// when it has visited all of them.
    ///
    /// - Returns: whether the round is complete; ``settle()`` then starts the next one.
    mutating func advance(to place: Int) -> Bool {
        lists[current].next = place
        skipVisited()
        return current == lists.count
    }

    private mutating func skipVisited() {
        while current < lists.count, lists[current].isRoundComplete { current += 1 }
    }

    // MARK: Events

    /// The events on offer now: as many as one write batch holds, and none after an end. While a subscriber of the ended
    /// channel remains, the hub gives the name to another topic. But when the last one leaves before its loop has taken
    /// the end, the hub may use this topic, or its number, again: then the end waits before events of later subscribers,
    /// and a write batch stops at an end.
    var offered: ContiguousArray<MailboxItem>.SubSequence { waiting[..<starts.count] }

    mutating func append(_ item: MailboxItem) {
        waiting.append(item)
        offerMore()
    }

    private mutating func offerMore() {
        if let last = starts.indices.last, waiting[last].frame.endsTopic != nil { return }
        while starts.count < min(waiting.count, WriteBatch.capacity) {
            starts.append(Position(round: round, list: current, place: current < lists.count ? lists[current].next : 0))
            if waiting[starts.count - 1].frame.endsTopic != nil { return }
        }
    }

    /// Removes the events that fan-out has offered to every subscriber. Call it after each part of a round.
    ///
    /// - Parameter finish: gets them before.
    mutating func settle(_ finish: (ContiguousArray<MailboxItem>.SubSequence) -> Void) {
        if current == lists.count {
            round &+= 1
            current = 0
            for index in lists.indices { lists[index].next = 0 }
            skipVisited()
        }
        let count = starts.firstIndex { !hasReturned(to: $0) } ?? starts.count
        guard count > 0 else { return }
        finish(waiting[..<count])
        waiting.removeFirst(count)
        starts.removeFirst(count)
        if waiting.isEmpty, waiting.capacity > 1024 { (waiting, starts) = ([], []) }
        offerMore()
    }

    /// Whether the scan has returned to a position. Subscribers that left may have made the lists shorter since.
    private func hasReturned(to start: Position) -> Bool {
        switch round &- start.round {
        case 0: false
        case 1:
            current > start.list
                || (current == start.list && lists[current].next >= min(start.place, lists[current].slots.count))
        default: true
        }
    }
}
