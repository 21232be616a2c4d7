/// The events that a subscriber does not get by one of its topics: those of the topic above `after`, up to `through`.
/// Of a pattern, all evictions since `since` count, and `through` has no meaning.
struct MissedRange {
    let topic: TopicID
    let after: UInt64
    let through: UInt64
    /// See ``TopicCursor/reportedEvictions``.
    var since: UInt64 = 0

    /// Their sequence numbers; nil when not all of them are remembered.
    func sequences(_ registry: TopicRegistry) -> [UInt64]? {
        let topic = registry[topic]
        return topic.isPattern
            ? topic.log.evictions.list(after: after, since: since)
            : topic.log.sequences(after: after, through: through)
    }
}
