import DequeModule

/// Finds the oldest and the newest retained event of a topic. For a pattern it looks only at the events that came and went
/// since the last time: the channels may be very many.
struct RetainedRangeReader {
    let log: EventLog

    /// The range; nil when the topic retains no event.
    func range(of topic: Topic) -> (oldest: LogIndexEntry, newest: LogIndexEntry)? {
        let range: RetainedRange
        if case .pattern(let pattern) = topic.subject {
            range = topic.retainedRange.map { update($0, of: topic) } ?? scan(log.registry.channels(matching: pattern))
            topic.retainedRange = range
        } else {
            range = scan([topic])
        }
        guard let oldest = range.oldest, let newest = range.newest else { return nil }
        return (oldest, newest)
    }

    /// Looks at every channel.
    private func scan(_ channels: [Topic]) -> RetainedRange {
        var range = RetainedRange(through: log.head)
        for channel in channels {
            guard let first = channel.log.oldestEntry?.sequence, let last = channel.log.newestEntry?.sequence else {
                continue
            }
            if first < range.oldest?.sequence ?? .max {
                range.oldest = LogIndexEntry(topic: channel.id.index, sequence: first)
            }
            if last > range.newest?.sequence ?? 0 {
                range.newest = LogIndexEntry(topic: channel.id.index, sequence: last)
            }
        }
        return range
    }

    /// Brings the range of a pattern up to date.
    private func update(_ known: RetainedRange, of pattern: Topic) -> RetainedRange {
        let matcher = EventMatcher(log.registry, [TopicCursor(topic: pattern.id, reportedThrough: 0)])
        func isRetained(_ place: LogIndexEntry) -> Bool { matcher.entry(place) != nil }
        func first(in places: some Sequence<LogIndexEntry>) -> LogIndexEntry? { places.first(where: isRetained) }
        var range = RetainedRange(oldest: known.oldest, newest: known.newest, through: log.head)
        let new = log.position(after: known.through)
        if let newer = first(in: log.index[new...].reversed()) {
            range.newest = newer
        } else if let newest = known.newest, !isRetained(newest) {
            range.newest = first(in: log.index[..<log.position(after: newest.sequence)].reversed())
        }
        if known.oldest.map(isRetained) != true {
            // No retained event is older than the oldest one was.
            let start = known.oldest.map { log.position(after: $0.sequence - 1) } ?? new
            range.oldest = first(in: log.index[start...])
        }
        return range
    }
}
