import DequeModule
import EventStreams

/// Locates the events to which publishers gave ids, over all channels: a lookup costs the same however many channels a
/// pattern matches.
struct PublisherIDs {
    private struct Uses {
        /// In the order of the log. A few evicted events may still be listed.
        var places: Deque<LogIndexEntry>
        var retained: Int
    }

    private var uses: [EventID: Uses] = [:]

    /// The events with an id, in the order of the log, with a few that the log has evicted.
    func places(of id: EventID) -> some Collection<LogIndexEntry> { uses[id]?.places ?? [] }

    mutating func add(_ id: EventID, at place: LogIndexEntry) {
        uses[id, default: Uses(places: [], retained: 0)].places.append(place)
        uses[id]?.retained += 1
    }

    /// Removes the event at one place.
    ///
    /// - Returns: whether the caller should now call ``keep(_:_:)`` with the retained events.
    mutating func remove(_ id: EventID, at place: LogIndexEntry) -> Bool {
        guard let retained = uses[id]?.retained, retained > 1 else {
            uses[id] = nil
            return false
        }
        uses[id]?.retained = retained - 1
        if uses[id]?.places.first == place { uses[id]?.places.removeFirst() }
        return (uses[id]?.places.count ?? 0) > 2 * retained + 16
    }

    /// Keeps only these places of an id.
    mutating func keep(_ id: EventID, _ retained: some Sequence<LogIndexEntry>) { uses[id]?.places = Deque(retained) }

    /// Frees the memory of many removed ids.
    mutating func shrink() {
        guard uses.capacity > 4 * max(uses.count, 1024) else { return }
        uses = Dictionary(uniqueKeysWithValues: uses.map { ($0.key, $0.value) })
    }
}
