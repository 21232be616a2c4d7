/// Decides whether a subscriber is too far behind.
struct LagCheck {
    let registry: TopicRegistry
    /// The position of the subscriber.
    let position: UInt64
    /// The event that the subscriber has received in part. Its loop keeps the rest, so the log need not retain it.
    var partial: Frame?
    /// Whether the subscriber was live and its socket did not take all that it was sent.
    let isSlow: Bool
    /// Milliseconds since 1970.
    let now: UInt64

    /// The limit that the subscriber exceeds in one topic; nil when it exceeds none. Events that a gap has reported do
    /// not count.
    func lag(_ cursor: TopicCursor) -> LagLimit? {
        let topic = registry[cursor.topic]
        let start = max(position, cursor.reportedThrough)
        let needed = max(start, partial?.sequence ?? 0)
        if topic.isPattern {
            return topic.log.evictions.hasLost(after: needed, since: cursor.reportedEvictions) ? .history : nil
        }
        if topic.log.evictions.through > needed { return .history }
        return isSlow ? topic.log.lag(after: start, topic.slow, now: now) : nil
    }

    /// The limit for which crier must close the subscriber's connection; nil while it may stay.
    func cut(_ cursors: [TopicCursor]) -> LagLimit? {
        for cursor in cursors {
            let topic = registry[cursor.topic]
            // The log has evicted the end, so crier cannot send it. The client gets 204 when it reconnects.
            if topic.isEnded, topic.log.entries.last?.isEnd != true, partial?.endsTopic != cursor.topic {
                return .history
            }
            if topic.slow.action == .disconnect, let lag = lag(cursor) { return lag }
        }
        return nil
    }

    /// Whether the subscriber gets only the newest events of a topic: when it is too far behind, or, without limits,
    /// when its socket did not take all that it was sent.
    func isConflated(_ cursor: TopicCursor) -> Bool {
        let topic = registry[cursor.topic]
        guard topic.slow.action == .latest, !topic.isPattern else { return false }
        if isSlow, !topic.slow.hasLimits { return true }
        return lag(cursor) != nil
    }
}
