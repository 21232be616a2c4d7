import DequeModule

/// Finds the events, over all channels, that a subscriber with patterns gets.
struct EventMatcher {
    private let registry: TopicRegistry
    /// By topic: see ``TopicCursor/reportedThrough``.
    private var reported: [Int: UInt64] = [:]
    /// The patterns, and up to where each is reported. A look at the topic's own patterns would cost more: everyone who
    /// subscribes to a new pattern makes these be found again.
    private var patterns: [(scan: PatternScan, reported: UInt64)] = []

    init(_ registry: TopicRegistry, _ cursors: [TopicCursor]) {
        self.registry = registry
        for cursor in cursors {
            if let scan = registry[cursor.topic].scan {
                patterns.append((scan, cursor.reportedThrough))
            } else {
                reported[cursor.topic.index] = cursor.reportedThrough
            }
        }
    }

    /// How many patterns a look at a place compares with, at most.
    var patternCount: Int { patterns.count }

    /// The event at a place, if the log retains it and the subscriber gets it.
    func entry(_ place: LogIndexEntry) -> (entry: LogEntry, size: Int)? {
        guard let topic = registry.topic(at: place.topic) else { return nil }
        let index = topic.log.index(after: place.sequence - 1)
        guard index < topic.log.entries.count, topic.log.entries[index].sequence == place.sequence else { return nil }
        let isNamed = reported[place.topic].map { place.sequence > $0 } ?? false
        guard isNamed || isMatched(topic, place.sequence) else { return nil }
        // Only a subscriber that names a channel learns of its end.
        if topic.log.entries[index].isEnd, !isNamed { return nil }
        return (topic.log.entries[index], topic.log.size(at: index))
    }

    private func isMatched(_ topic: Topic, _ sequence: UInt64) -> Bool {
        guard let name = topic.name?.description else { return false }
        for pattern in patterns where sequence > pattern.reported && pattern.scan.matches(name.utf8.span) {
            return true
        }
        return false
    }

    /// Whether the log retains an event and the subscriber gets it by one of its topics.
    func isComing(_ sequence: UInt64, _ log: EventLog) -> Bool {
        log.index[log.index.position(after: sequence - 1)...].prefix { $0.sequence == sequence }
            .contains { entry($0) != nil }
    }
}
