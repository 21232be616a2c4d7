import DequeModule

/// The next events of one channel for a subscriber.
struct MergeInput {
    let entries: Deque<LogEntry>
    var next: Int
    /// The list has every event that the subscriber gets up to this number.
    let through: UInt64

    /// - Parameter steps: how many events are looked at to find the newest of their keys.
    init(_ cursor: TopicCursor, _ check: LagCheck, steps: Int) {
        let log = check.registry[cursor.topic].log
        let start = max(check.position, cursor.reportedThrough)
        if check.isConflated(cursor) {
            (entries, through) = log.conflated(after: start, steps: steps)
            next = 0
        } else {
            (entries, next, through) = (log.entries, log.index(after: start), .max)
        }
    }

    var first: LogEntry? { next < entries.count ? entries[next] : nil }
}
