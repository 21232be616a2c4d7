import DequeModule
import EventStreams

/// Where the events stand to which publishers gave ids, over all channels: finding one costs the same however many
/// channels a pattern matches.
struct PublisherIDs {
    private struct Uses {
        /// In the order of the log. Events that are no longer held may still be in here, but not many.
        var places: Deque<LogPlace>
        var held: Int
    }

    private var uses: [EventID: Uses] = [:]

    /// The events with an id, in the order of the log, and some that are no longer held.
    func places(of id: EventID) -> some Collection<LogPlace> { uses[id]?.places ?? [] }

    mutating func note(_ id: EventID, at place: LogPlace) {
        uses[id, default: Uses(places: [], held: 0)].places.append(place)
        uses[id]?.held += 1
    }

    /// Forgets the event of one place.
    ///
    /// - Returns: whether ``keep(_:_:)`` has to tidy up.
    mutating func forget(_ id: EventID, at place: LogPlace) -> Bool {
        guard let held = uses[id]?.held, held > 1 else {
            uses[id] = nil
            return false
        }
        uses[id]?.held = held - 1
        if uses[id]?.places.first == place { uses[id]?.places.removeFirst() }
        return (uses[id]?.places.count ?? 0) > 2 * held + 16
    }

    /// Leaves of the places of an id only these.
    mutating func keep(_ id: EventID, _ held: some Sequence<LogPlace>) { uses[id]?.places = Deque(held) }

    /// Gives back the memory of many ids that have gone.
    mutating func shrink() {
        guard uses.capacity > 4 * max(uses.count, 1024) else { return }
        uses = Dictionary(uniqueKeysWithValues: uses.map { ($0.key, $0.value) })
    }
}
