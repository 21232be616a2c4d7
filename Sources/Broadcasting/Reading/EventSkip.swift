/// Makes a subscriber that is too far behind skip events, in the topics whose ``SlowPolicy`` says so.
struct EventSkip {
    let log: EventLog
    let check: LagCheck

    /// Records the skipped events in `slice`.
    ///
    /// - Returns: the topics of the subscriber after the skip.
    func apply(_ cursors: [TopicCursor], _ slice: inout LogSlice) -> [TopicCursor] {
        var result = cursors
        var omissions: [MissedRange] = []
        for (index, cursor) in cursors.enumerated() {
            guard let lag = check.lag(cursor) else { continue }
            slice.skipped = slice.skipped ?? lag
            guard let (omission, moved) = skip(cursor) else { continue }
            omissions.append(omission)
            result[index] = moved
        }
        guard result != cursors else { return cursors }
        slice.cursors = result
        let lost = LossCount(log: log, check: check).count(omissions, coming: result)
        if lost != 0 { slice.gap = GapReport(log: log).gap(after: check.position, result, lost: lost) }
        return result
    }

    /// Skips in one topic; nil when the subscriber has nothing to skip there.
    private func skip(_ cursor: TopicCursor) -> (MissedRange, TopicCursor)? {
        let topic = log.registry[cursor.topic]
        let start = max(check.position, cursor.reportedThrough)
        if topic.isPattern {
            guard topic.slow.action != .disconnect else { return nil }
            // A pattern skips only evicted events: every retained one follows.
            return (
                MissedRange(topic: topic.id, after: start, through: 0, since: cursor.reportedEvictions),
                TopicCursor(
                    topic: topic.id, reportedThrough: cursor.reportedThrough,
                    reportedEvictions: topic.log.evictions.count)
            )
        }
        let through: UInt64
        switch topic.slow.action {
        case .disconnect: return nil
        case .skip: through = topic.log.positionBeforeNewest
        case .latest:
            // An older event may be missing only when a newer one of its key replaces it.
            guard topic.log.newest.lostThrough > start else { return nil }
            through = topic.log.evictions.through
        }
        return (
            MissedRange(topic: topic.id, after: start, through: through),
            TopicCursor(topic: topic.id, reportedThrough: max(start, through))
        )
    }
}
