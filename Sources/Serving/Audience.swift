import Broadcasting

/// What one loop has of a topic: its subscribers and the frames that wait for them.
///
/// Fan-out is a pass over the subscribers. A pass is cut into slices, and while it lasts subscribers come and go and
/// frames arrive; what arrives rides along for those not yet reached and gets another pass for the others.
struct Audience {
    /// The topic in the hub.
    let topic: TopicID
    /// The subscribers that have this topic only: the short path.
    var single = Walk()
    /// The subscribers that have other topics too; each is served from all of them in the order of the log.
    var several = Walk()
    /// The frames not yet passed to all live subscribers, in the order of the log.
    private(set) var window: ContiguousArray<Frame> = []
    /// The last frame that the running pass must bring to everyone; nil when no pass runs.
    private(set) var passHead: UInt64?

    init(topic: TopicID) {
        self.topic = topic
    }

    var isEmpty: Bool { single.slots.isEmpty && several.slots.isEmpty }

    mutating func receive(_ frame: Frame) {
        window.append(frame)
    }

    /// Begins a pass over everyone, for the frames that wait now: as many as one gather write can hold, and none
    /// beyond the end of the channel, after which it may have been opened again for others.
    mutating func beginPass() {
        guard !window.isEmpty else { return }
        let reach = window.prefix(Gather.capacity)
        passHead = (reach.first { $0.endsTopic != nil } ?? reach.last)?.sequence
        single.next = 0
        several.next = 0
    }

    var isPassDone: Bool { single.isDone && several.isDone }

    /// Ends the pass and lets go of the frames that everyone has been offered.
    ///
    /// - Returns: their bytes.
    mutating func endPass() -> Int {
        guard let passHead else { return 0 }
        self.passHead = nil
        let count = window.firstIndex { $0.sequence > passHead } ?? window.count
        let bytes = window[..<count].reduce(0) { $0 + $1.count }
        window.removeFirst(count)
        if window.isEmpty, window.capacity > 1024 { window = [] }
        return bytes
    }

    /// The bytes that wait.
    var waitingBytes: Int { window.reduce(0) { $0 + $1.count } }
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
