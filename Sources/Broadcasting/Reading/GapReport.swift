import DequeModule
import EventStreams

/// Builds the report of missing events.
struct GapReport {
    let log: EventLog

    /// A gap that names the oldest and newest retained event of some topics.
    ///
    /// - Parameter requested: the position that the client named, as raw bytes.
    func gap(_ requested: [UInt8], _ topics: [Topic], lost: Int?) -> Gap {
        let ranges = topics.compactMap { RetainedRangeReader(log: log).range(of: $0) }
        let oldest = ranges.map(\.oldest).min { $0.sequence < $1.sequence }
        let newest = ranges.map(\.newest).max { $0.sequence < $1.sequence }
        return Gap(
            requested: String(decoding: requested.prefix(EventID.limit), as: UTF8.self),
            oldest: oldest.map(id), newest: newest.map(id), lost: lost)
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
