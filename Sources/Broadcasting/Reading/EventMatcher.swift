import DequeModule

/// Finds the events, over all channels, that a subscriber with patterns gets.
struct EventMatcher {
    private let registry: TopicRegistry
    /// By topic: see ``TopicCursor/reportedThrough``.
    private var reported: [Int: UInt64] = [:]
    private let hasPatterns: Bool

    init(_ registry: TopicRegistry, _ cursors: [TopicCursor]) {
        self.registry = registry
        for cursor in cursors { reported[cursor.topic.index] = cursor.reportedThrough }
        hasPatterns = cursors.contains { registry[$0.topic].isPattern }
    }

    /// The event at a place, if the log retains it and the subscriber gets it.
    func entry(_ place: LogIndexEntry) -> (entry: LogEntry, size: Int)? {
        let isNamed = reported[place.topic].map { place.sequence > $0 } ?? false
        guard let topic = registry.topic(at: place.topic), isNamed || isMatched(topic, place.sequence) else {
            return nil
        }
        let index = topic.log.index(after: place.sequence - 1)
        guard index < topic.log.entries.count, topic.log.entries[index].sequence == place.sequence else { return nil }
        // Only a subscriber that names a channel learns of its end.
        if topic.log.entries[index].isEnd, !isNamed { return nil }
        return (topic.log.entries[index], topic.log.size(at: index))
    }

    private func isMatched(_ topic: Topic, _ sequence: UInt64) -> Bool {
        guard hasPatterns else { return false }
        return registry.patterns(matching: topic).contains { pattern in
            reported[pattern.index].map { sequence > $0 } ?? false
        }
    }

    /// Whether the log retains an event and the subscriber gets it by one of its topics.
    func isComing(_ sequence: UInt64, _ log: EventLog) -> Bool {
        log.index[log.index.position(after: sequence - 1)...].prefix { $0.sequence == sequence }
            .contains { entry($0) != nil }
    }
}
