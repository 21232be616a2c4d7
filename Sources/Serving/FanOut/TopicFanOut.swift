import Broadcasting

/// The subscribers that one loop has for a topic, and the events that wait for them.
///
/// Fan-out scans the subscribers in rounds while events wait. An event joins at the current place of the scan, and
/// fan-out has offered it to every subscriber when the scan returns to that place. So an event on offer waits for about
/// one round, whenever it arrives, and then frees its room in the backlog.
struct TopicFanOut {
    /// The topic in the hub.
    let topic: TopicID
    /// The subscribers that subscribed to this topic alone: the fast path.
    var single = RoundRobin()
    /// The subscribers of several topics. Each receives the events of all its topics together, in the order of the log.
    var several = RoundRobin()
    /// The events that fan-out has not yet offered to every subscriber, in the order of the log.
    private(set) var waiting: ContiguousArray<MailboxItem> = []
    /// The position of the scan when each event on offer joined; see ``offered``.
    private var starts: ContiguousArray<Position> = []
    private var round: UInt32 = 0

    private struct Position {
        let round: UInt32
        let single: Int
        let several: Int
    }

    init(topic: TopicID) {
        self.topic = topic
    }

    var hasNoSubscribers: Bool { single.slots.isEmpty && several.slots.isEmpty }

    /// The events on offer now: as many as one write batch holds, and none after the end of the channel, because those
    /// are for later subscribers.
    var offered: ContiguousArray<MailboxItem>.SubSequence { waiting[..<starts.count] }

    mutating func append(_ item: MailboxItem) {
        waiting.append(item)
        offerMore()
    }

    private mutating func offerMore() {
        while starts.count < min(waiting.count, WriteBatch.capacity) {
            if let last = starts.indices.last, waiting[last].frame.endsTopic != nil { return }
            starts.append(Position(round: round, single: single.next, several: several.next))
        }
    }

    /// Removes the events that fan-out has offered to every subscriber. Call it after each part of a round.
    mutating func settle() -> ArraySlice<MailboxItem> {
        if single.isRoundComplete, several.isRoundComplete {
            round &+= 1
            single.next = 0
            several.next = 0
        }
        let count = starts.firstIndex { !hasReturned(to: $0) } ?? starts.count
        guard count > 0 else { return [] }
        let settled = ArraySlice(waiting[..<count])
        waiting.removeFirst(count)
        starts.removeFirst(count)
        if waiting.isEmpty, waiting.capacity > 1024 { (waiting, starts) = ([], []) }
        offerMore()
        return settled
    }

    /// Whether the scan has returned to a position. Subscribers that left may have made the lists shorter since.
    private func hasReturned(to start: Position) -> Bool {
        switch round &- start.round {
        case 0: false
        case 1:
            single.next >= min(start.single, single.slots.count)
                && several.next >= min(start.several, several.slots.count)
        default: true
        }
    }
}
