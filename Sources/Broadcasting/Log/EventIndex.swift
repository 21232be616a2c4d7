import DequeModule

/// Every retained event of all channels, oldest first, an event of several channels several times. Events that a
/// channel's own limits evicted stay listed until they are the oldest, or until ``compact(while:isRetained:)`` removes
/// them.
///
/// It grows by blocks: no operation moves more than one of them.
struct EventIndex {
    /// In order; none is empty.
    private var blocks: Deque<Deque<LogIndexEntry>> = []
    private(set) var count = 0
    /// The block that ``compact(isRetained:)`` looks at next.
    private var nextToCompact = 0

    /// The most entries of a block.
    static let blockLimit = 1024

    mutating func append(_ entry: LogIndexEntry) {
        if blocks.last?.count ?? Self.blockLimit >= Self.blockLimit { blocks.append([]) }
        blocks[blocks.count - 1].append(entry)
        count += 1
    }

    mutating func popFirst() -> LogIndexEntry? {
        guard !blocks.isEmpty else { return nil }
        let entry = blocks[0].removeFirst()
        if blocks[0].isEmpty {
            blocks.removeFirst()
            if nextToCompact > 0 { nextToCompact -= 1 }
        }
        count -= 1
        return entry
    }

    /// Removes evicted events from one block, another one each time.
    mutating func compact(isRetained: (LogIndexEntry) -> Bool) {
        guard !blocks.isEmpty else { return }
        if nextToCompact >= blocks.count { nextToCompact = 0 }
        let block = nextToCompact
        let retained = blocks[block].filter(isRetained)
        count -= blocks[block].count - retained.count
        if block > 0, blocks[block - 1].count + retained.count <= Self.blockLimit {
            blocks[block - 1] += retained
            blocks.remove(at: block)
        } else if retained.isEmpty {
            blocks.remove(at: block)
        } else {
            // A copy of the right size.
            blocks[block] = Deque(retained)
            nextToCompact += 1
        }
    }

    /// The position of the first event above a number.
    func position(after sequence: UInt64) -> Position {
        // Most subscribers are up to date and need no search.
        guard let last, last.sequence > sequence else { return endIndex }
        let block = blocks.partitioningIndex { $0[$0.count - 1].sequence > sequence }
        return Position(block: block, offset: blocks[block].partitioningIndex { $0.sequence > sequence })
    }
}

extension EventIndex: BidirectionalCollection {
    struct Position: Comparable {
        var block: Int
        var offset: Int

        static func < (left: Position, right: Position) -> Bool {
            (left.block, left.offset) < (right.block, right.offset)
        }
    }

    var startIndex: Position { Position(block: 0, offset: 0) }
    var endIndex: Position { Position(block: blocks.count, offset: 0) }

    subscript(position: Position) -> LogIndexEntry { blocks[position.block][position.offset] }

    func index(after position: Position) -> Position {
        position.offset + 1 < blocks[position.block].count
            ? Position(block: position.block, offset: position.offset + 1)
            : Position(block: position.block + 1, offset: 0)
    }

    func index(before position: Position) -> Position {
        position.offset > 0
            ? Position(block: position.block, offset: position.offset - 1)
            : Position(block: position.block - 1, offset: blocks[position.block - 1].count - 1)
    }
}
