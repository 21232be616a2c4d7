import DequeModule

/// The oldest and the newest retained event of the channels that a pattern matches. An update scans only the events
/// that were added or evicted since the last one, because the channels may be very many.
struct HeldRange {
    private(set) var oldest: LogPlace?
    private(set) var newest: LogPlace?
    /// The range accounts for all events up to here.
    private let through: UInt64

    /// Scans every channel.
    init(of channels: [Topic], through: UInt64) {
        self.through = through
        for channel in channels {
            guard let first = channel.log.oldestEntry?.sequence, let last = channel.log.newestEntry?.sequence else {
                continue
            }
            if first < oldest?.sequence ?? .max { oldest = LogPlace(topic: channel.id.index, sequence: first) }
            if last > newest?.sequence ?? 0 { newest = LogPlace(topic: channel.id.index, sequence: last) }
        }
    }

    /// Brings the range of a pattern up to date.
    init(_ known: HeldRange, of pattern: TopicID, _ log: EventLog) {
        through = log.head
        (oldest, newest) = (known.oldest, known.newest)
        let matcher = EventMatcher(log.registry, [TopicCursor(topic: pattern, reportedThrough: 0)])
        func isRetained(_ place: LogPlace) -> Bool { matcher.entry(place) != nil }
        func first(in places: some Sequence<LogPlace>) -> LogPlace? { places.first(where: isRetained) }
        let new = log.position(after: known.through)
        if let newer = first(in: log.index[new...].reversed()) {
            newest = newer
        } else if let last = known.newest, !isRetained(last) {
            newest = first(in: log.index[..<log.position(after: last.sequence)].reversed())
        }
        if known.oldest.map(isRetained) != true {
            // No retained event is older than the oldest one was.
            let start = known.oldest.map { log.position(after: $0.sequence - 1) } ?? new
            oldest = first(in: log.index[start...])
        }
    }

    /// The oldest and newest retained event of a topic; nil when it retains none.
    static func of(_ topic: Topic, _ log: EventLog) -> (oldest: LogPlace, newest: LogPlace)? {
        let range: HeldRange
        if case .pattern(let pattern) = topic.subject {
            range =
                topic.heldRange.map { HeldRange($0, of: topic.id, log) }
                ?? HeldRange(of: log.registry.channels(matching: pattern), through: log.head)
            topic.heldRange = range
        } else {
            range = HeldRange(of: [topic], through: log.head)
        }
        guard let oldest = range.oldest, let newest = range.newest else { return nil }
        return (oldest, newest)
    }
}
