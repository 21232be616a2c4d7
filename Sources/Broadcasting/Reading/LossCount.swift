/// Counts the events that a subscriber misses.
struct LossCount {
    let log: EventLog
    let check: LagCheck

    /// The most events of several topics that are counted one by one. The number of more is unknown.
    private static var countable: Int { 8192 }

    /// How many events the subscriber misses; nil when the number is unknown. An event of two channels counts once, and
    /// not at all when the subscriber still gets it by one of them.
    func count(_ omissions: [MissedRange], coming cursors: [TopicCursor]) -> Int? {
        let registry = log.registry
        if omissions.count == 1, cursors.count <= 1, !registry[omissions[0].topic].isPattern {
            let omission = omissions[0]
            return registry[omission.topic].log.count(after: omission.after, through: omission.through)
        }
        var missed: Set<UInt64> = []
        var steps = Self.countable
        for omission in omissions {
            guard omission.mayCount(registry, &steps), let sequences = omission.sequences(registry) else { return nil }
            missed.formUnion(sequences)
        }
        guard let last = missed.max() else { return 0 }
        if cursors.contains(where: { registry[$0.topic].isPattern }) {
            let matcher = EventMatcher(registry, cursors)
            guard missed.count * max(1, matcher.patternCount) <= Self.countable else { return nil }
            return missed.count { !matcher.isComing($0, log) }
        }
        for cursor in cursors {
            let source = MergeInput(cursor, check, steps: steps)
            guard source.through >= last else { return nil }
            for entry in source.entries[source.next...].prefix(while: { $0.sequence <= last }) {
                steps -= 1
                guard steps > 0 else { return nil }
                missed.remove(entry.sequence)
            }
        }
        return missed.count
    }
}
