/// A list of slots that is scanned round and round, a few slots at a time, while slots are added and removed. Each slot that
/// is in the list throughout is visited exactly once a round.
struct RoundRobin {
    /// A slot with a new place.
    struct Move {
        let slot: UInt32
        let place: Int
    }

    private(set) var slots: ContiguousArray<UInt32> = []
    /// Where the scan goes on; the slots before it have been visited in this round.
    var next = 0

    var isRoundComplete: Bool { next >= slots.count }

    /// Adds a slot, which the scan has still to visit.
    ///
    /// - Returns: its place.
    mutating func append(_ slot: UInt32) -> Int {
        slots.append(slot)
        return slots.count - 1
    }

    /// Removes the slot at a place, and moves up to two others to do so.
    mutating func remove(at place: Int) -> (Move?, Move?) {
        var hole = place
        var moves: (Move?, Move?) = (nil, nil)
        if hole < next {
            // The last visited slot fills the hole, so that no slot passes for visited that was not.
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
