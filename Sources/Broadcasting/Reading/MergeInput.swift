import DequeModule

/// The next events of one channel for a subscriber.
struct MergeInput {
    let entries: Deque<LogEntry>
    var next: Int

    init(_ cursor: TopicCursor, _ check: LagCheck) {
        let log = check.registry[cursor.topic].log
        let start = max(check.position, cursor.reportedThrough)
        if check.isConflated(cursor) {
            (entries, next) = (log.conflated(after: start), 0)
        } else {
            (entries, next) = (log.entries, log.index(after: start))
        }
    }

    var first: LogEntry? { next < entries.count ? entries[next] : nil }
}
