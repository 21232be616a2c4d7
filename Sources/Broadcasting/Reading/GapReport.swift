import DequeModule
import EventStreams

/// Builds the report of missing events.
struct GapReport {
    let log: EventLog

    /// A gap that names the oldest and newest retained event of some topics.
    ///
    /// - Parameter requested: the position that the client named, as raw bytes.
    func gap(_ requested: [UInt8], _ topics: [Topic], lost: Int?) -> Gap {
        let range = range(of: topics)
        return Gap(
            requested: String(decoding: requested.prefix(EventID.limit), as: UTF8.self),
            oldest: range.oldest.map(id), newest: range.newest.map(id), lost: lost)
    }

    /// How many times an event at either end of the log is compared with a pattern, to find one that matches.
    private static var steps: Int { 1024 }

    /// The oldest and the newest retained event of some topics; nil for none. With patterns, also nil when it does not lie
    /// among the oldest or newest of all channels.
    private func range(of topics: [Topic]) -> (oldest: LogIndexEntry?, newest: LogIndexEntry?) {
        var oldest: LogIndexEntry?
        var newest: LogIndexEntry?
        func include(_ first: LogIndexEntry?, _ last: LogIndexEntry?) {
            if let first, first.sequence < oldest?.sequence ?? .max { oldest = first }
            if let last, last.sequence > newest?.sequence ?? 0 { newest = last }
        }
        for topic in topics where !topic.isPattern {
            let ends = [topic.log.oldestEntry, topic.log.newestEntry].map { entry in
                entry.map { LogIndexEntry(topic: topic.id.index, sequence: $0.sequence) }
            }
            include(ends[0], ends[1])
        }
        let patterns = topics.filter(\.isPattern).map { TopicCursor(topic: $0.id, reportedThrough: 0) }
        if !patterns.isEmpty {
            let matcher = EventMatcher(log.registry, patterns)
            func isRetained(_ place: LogIndexEntry) -> Bool { matcher.entry(place) != nil }
            let searched = max(1, Self.steps / patterns.count)
            include(
                log.index.prefix(searched).first(where: isRetained), log.index.suffix(searched).last(where: isRetained))
        }
        return (oldest, newest)
    }

    /// A gap in the middle of a stream. The oldest event that it names is the next one that the subscriber gets; with
    /// patterns, the oldest retained one.
    func gap(after position: UInt64, _ cursors: [TopicCursor], lost: Int?) -> Gap {
        let requested = log.id(position, nil)
        let topics = cursors.map { log.registry[$0.topic] }
        guard !topics.contains(where: \.isPattern) else { return gap(Array(requested.utf8), topics, lost: lost) }
        var next: (sequence: UInt64, topic: Topic)?
        var newest: (sequence: UInt64, topic: Topic)?
        for (cursor, topic) in zip(cursors, topics) {
            let index = topic.log.index(after: max(position, cursor.reportedThrough))
            if index < topic.log.events, topic.log.entries[index].sequence < next?.sequence ?? .max {
                next = (topic.log.entries[index].sequence, topic)
            }
            if let entry = topic.log.newestEntry, entry.sequence > newest?.sequence ?? 0 {
                newest = (entry.sequence, topic)
            }
        }
        return Gap(
            requested: requested, oldest: next.map { log.id($0.sequence, in: $0.topic.log) },
            newest: newest.map { log.id($0.sequence, in: $0.topic.log) }, lost: lost)
    }

    private func id(_ place: LogIndexEntry) -> String {
        log.id(place.sequence, in: log.registry[TopicID(index: place.topic)].log)
    }
}
