import Broadcasting

/// The subscribers that one loop has for a topic, and the events that wait for them.
///
/// Fan-out scans the subscribers round and round for as long as events wait. An event joins where the scan stands, and
/// every subscriber has been offered it when the scan is back there. So each event waits for one round at most, whenever it
/// arrives, and after as long its room in the backlog is free again.
struct TopicFanOut {
    /// The topic in the hub.
    let topic: TopicID
    /// The subscribers that have only this topic: the short path.
    var single = RoundRobin()
    /// The subscribers that have other topics too. Each is served from all of them, in the order of the log.
    var several = RoundRobin()
    /// The events that not every live subscriber was offered yet, in the order of the log.
    private(set) var waiting: ContiguousArray<MailboxItem> = []
    /// Where the scan stood when the offer of each of the first of them began.
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

    /// The events on offer now: as many as one write batch holds, and none beyond the end of the channel, after which it
    /// may have been opened again for other subscribers.
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

    /// Removes the events that every subscriber has been offered, after a part of a round.
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

    /// Whether the scan is back at a position. Subscribers that left meanwhile may have made the lists shorter.
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
