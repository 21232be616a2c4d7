/// The events that a subscriber does not get by one of its topics: those of the topic above `after`, up to `through`.
/// Of a pattern, all evictions since `since` count, and `through` has no meaning.
struct MissedRange {
    let topic: TopicID
    let after: UInt64
    let through: UInt64
    /// See ``TopicCursor/reportedEvictions``.
    var since: UInt64 = 0

    /// Whether it takes no more steps than are left to list them; subtracts the steps.
    func mayCount(_ registry: TopicRegistry, _ steps: inout Int) -> Bool {
        let topic = registry[topic]
        steps -= topic.log.evictions.listed(after: after)
        if !topic.isPattern { steps -= max(0, topic.log.index(after: through) - topic.log.index(after: after)) }
        return steps >= 0
    }

    /// Their sequence numbers; nil when not all of them are remembered.
    func sequences(_ registry: TopicRegistry) -> [UInt64]? {
        let topic = registry[topic]
        return topic.isPattern
            ? topic.log.evictions.list(after: after, since: since)
            : topic.log.sequences(after: after, through: through)
    }
}
