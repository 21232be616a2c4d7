/// A list of slots for a scan in rounds, a few slots at a time, while slots are added and removed. The scan visits each
/// slot that stays in the list exactly once a round.
struct RoundRobin {
    /// A slot with a new place.
    struct Move {
        let slot: UInt32
        let place: Int
    }

    private(set) var slots: ContiguousArray<UInt32> = []
    /// The place of the next slot to visit. The scan has visited the slots before it in this round.
    var next = 0

    var isRoundComplete: Bool { next >= slots.count }

    /// Adds a slot, which the scan visits later in this round.
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
            // The last visited slot fills the hole: an unvisited one would miss this round.
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
