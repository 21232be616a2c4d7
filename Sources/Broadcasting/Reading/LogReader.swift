import DequeModule

/// Reads the next slice of the log for a subscriber. It keeps no state between reads.
struct LogReader {
    let log: EventLog
    let check: LagCheck

    /// How many times one read compares an entry of the index with a pattern, or looks for the next event in a channel.
    private static var steps: Int { 2048 }
    /// How many events of its channels with ``SlowPolicy/Action/latest`` one read looks at.
    private static var conflatedSteps: Int { 8192 }

    /// See ``Hub/read(_:after:isSlow:now:budget:into:)``.
    func read(_ cursors: [TopicCursor], budget: Int, into frames: inout [Frame]) -> LogSlice {
        var slice = LogSlice()
        if let lag = check.cut(cursors) {
            slice.cut = lag
            slice.closingNotices = ClosingNotices(log: log, check: check).bytes(cursors)
            return slice
        }
        let cursors = EventSkip(log: log, check: check).apply(cursors, &slice)
        slice.leavesOut = cursors.contains { $0.reportedThrough > check.position || check.isConflated($0) }
        var builder = SliceBuilder(budget: budget)
        let isComplete =
            if cursors.contains(where: { log.registry[$0.topic].isPattern }) {
                scan(cursors, &builder, &slice)
            } else if cursors.count == 1, !check.isConflated(cursors[0]) {
                readOne(cursors[0], &builder)
            } else {
                merge(
                    cursors.map { MergeInput($0, check, steps: max(1, Self.conflatedSteps / cursors.count)) }, &builder,
                    &slice)
            }
        frames += builder.frames
        slice.absent = builder.absent
        if isComplete, builder.absent.isEmpty { slice.head = log.head }
        return slice
    }

    /// - Returns: whether the channel has no further event.
    private func readOne(_ cursor: TopicCursor, _ builder: inout SliceBuilder) -> Bool {
        let log = log.registry[cursor.topic].log
        for index in log.index(after: max(check.position, cursor.reportedThrough))..<log.entries.count {
            guard builder.add(log.entries[index], size: log.size(at: index)) else { return false }
        }
        return true
    }

    /// Merges several channels in the order of the log. Reads an event of two of them once.
    private func merge(_ sources: [MergeInput], _ builder: inout SliceBuilder, _ slice: inout LogSlice) -> Bool {
        var sources = sources
        let through = sources.reduce(UInt64.max) { min($0, $1.through) }
        var left = Self.steps
        while let first = sources.lazy.compactMap(\.first).min(by: { $0.sequence < $1.sequence }),
            first.sequence <= through
        {
            guard left > 0, builder.add(first, size: first.frame?.count ?? SliceBuilder.assumedSize) else {
                return false
            }
            left -= sources.count
            for index in sources.indices where sources[index].first?.sequence == first.sequence {
                sources[index].next += 1
            }
        }
        guard through < .max else { return true }
        if builder.absent.isEmpty { slice.through = through }
        return false
    }

    /// Scans the events of all channels for those that match. Reads an event of two channels once. The cost does not
    /// depend on how many channels the patterns match.
    private func scan(_ cursors: [TopicCursor], _ builder: inout SliceBuilder, _ slice: inout LogSlice) -> Bool {
        let index = log.index
        let matcher = EventMatcher(log.registry, cursors)
        var left = Self.steps
        var last: UInt64 = 0
        for place in index[index.position(after: check.position)...] {
            // The index lists an event of several channels several times.
            guard left > 0 || place.sequence == last else {
                if builder.absent.isEmpty { slice.through = last }
                return false
            }
            (left, last) = (left - max(1, matcher.patternCount), place.sequence)
            guard place.sequence != builder.last, let match = matcher.entry(place) else { continue }
            guard builder.add(match.entry, size: match.size) else { return false }
        }
        return true
    }
}
