import DequeModule

/// The channels that have ended, in the order of their ends. When there is no room for another channel, the hub forgets
/// the oldest end.
struct EndedChannels {
    private var ends: Deque<(topic: TopicID, number: UInt64)> = []

    /// Records the end of a channel.
    ///
    /// - Parameter number: the number of the end in the log.
    mutating func add(_ topic: TopicID, _ number: UInt64, _ registry: TopicRegistry) {
        // Channels that were opened again, or removed, stay listed until there are too many of them.
        if ends.count >= 1024, ends.count > 2 * registry.channelCount {
            ends = ends.filter { Self.isEnded($0, registry) }
        }
        ends.append((topic, number))
    }

    /// Takes the channel that ended first and has no subscribers; nil when there is none.
    mutating func takeOldest(_ registry: TopicRegistry) -> Topic? {
        while let oldest = ends.popFirst() {
            if Self.isEnded(oldest, registry), let topic = registry.topic(at: oldest.topic.index),
                topic.subscribers == 0
            {
                return topic
            }
        }
        return nil
    }

    /// Whether the channel is still the one that ended then. The number of a removed topic is used again.
    private static func isEnded(_ end: (topic: TopicID, number: UInt64), _ registry: TopicRegistry) -> Bool {
        guard let topic = registry.topic(at: end.topic.index), !topic.isReplaced else { return false }
        return topic.endNumber == end.number
    }
}
