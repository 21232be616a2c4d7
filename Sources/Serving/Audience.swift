import Broadcasting

/// What one loop has of a topic: its subscribers and the frames that wait for them.
///
/// Fan-out walks round and round over the subscribers for as long as frames wait. A frame that arrives rides along
/// from where the walk stands, and has been offered to everyone when the walk has come back there: so each frame waits
/// for one round at most, whenever it comes, and the room it takes in the backlog is free again after as long.
struct Audience {
    /// The topic in the hub.
    let topic: TopicID
    /// The subscribers that have this topic only: the short path.
    var single = Walk()
    /// The subscribers that have other topics too; each is served from all of them in the order of the log.
    var several = Walk()
    /// The events not yet offered to all live subscribers, in the order of the log.
    private(set) var window: ContiguousArray<Letter> = []
    /// Where the walk stood when the offer of each of the first of them began.
    private var starts: ContiguousArray<Position> = []
    private var lap: UInt32 = 0

    private struct Position {
        let lap: UInt32
        let single: Int
        let several: Int
    }

    init(topic: TopicID) {
        self.topic = topic
    }

    var isEmpty: Bool { single.slots.isEmpty && several.slots.isEmpty }

    /// Whether nothing waits.
    var isSettled: Bool { window.isEmpty }

    /// What is offered now: as many frames as one gather write can hold, and none beyond the end of the channel,
    /// after which it may have been opened again for others.
    var offer: LazyMapSequence<ContiguousArray<Letter>.SubSequence, Frame> { window[..<starts.count].lazy.map(\.frame) }

    mutating func receive(_ letter: Letter) {
        window.append(letter)
        offerMore()
    }

    private mutating func offerMore() {
        while starts.count < min(window.count, Gather.capacity) {
            if let last = starts.indices.last, window[last].frame.endsTopic != nil { return }
            starts.append(Position(lap: lap, single: single.next, several: several.next))
        }
    }

    /// Lets go of the events that everyone has been offered, after a part of the walk.
    ///
    /// - Returns: their letters.
    mutating func settle() -> ArraySlice<Letter> {
        if single.isDone, several.isDone {
            lap &+= 1
            single.next = 0
            several.next = 0
        }
        let count = starts.firstIndex { !hasComeBack(to: $0) } ?? starts.count
        guard count > 0 else { return [] }
        let settled = ArraySlice(window[..<count])
        window.removeFirst(count)
        starts.removeFirst(count)
        if window.isEmpty, window.capacity > 1024 { (window, starts) = ([], []) }
        offerMore()
        return settled
    }

    /// Those that left meanwhile may have made the lists shorter than they were.
    private func hasComeBack(to start: Position) -> Bool {
        switch lap &- start.lap {
        case 0: false
        case 1:
            single.next >= min(start.single, single.slots.count)
                && several.next >= min(start.several, several.slots.count)
        default: true
        }
    }
}

/// A list of slots that can be walked a few at a time while slots are added and taken out: each slot that is in the
/// list throughout is met exactly once.
struct Walk {
    private(set) var slots: ContiguousArray<UInt32> = []
    /// Where the walk goes on; those before it have been met.
    var next = 0

    var isDone: Bool { next >= slots.count }

    /// Adds a slot, which the walk will still meet.
    ///
    /// - Returns: its place.
    mutating func append(_ slot: UInt32) -> Int {
        slots.append(slot)
        return slots.count - 1
    }

    /// A slot that has a new place.
    struct Move {
        let slot: UInt32
        let place: Int
    }

    /// Takes out the slot at a place by moving up to two others.
    mutating func remove(at place: Int) -> (Move?, Move?) {
        var hole = place
        var moves: (Move?, Move?) = (nil, nil)
        if hole < next {
            // The last one met fills the hole, so that none that was not met is taken for met.
            next -= 1
            if hole != next {
                slots[hole] = slots[next]
                moves.0 = Move(slot: slots[hole], place: hole)
                hole = next
            }
        }
        let last = slots.removeLast()
        if hole < slots.count {
            slots[hole] = last
            moves.1 = Move(slot: last, place: hole)
        }
        if slots.isEmpty { slots = [] }
        return moves
    }
}
