import EventStreams
import HashTreeCollections

/// Finds the newest retained event of each key in a channel. Events without a key count as one key.
struct NewestEvents {
    private var unkeyed: UInt64 = 0
    private var keyed: TreeDictionary<EventKey, UInt64> = [:]
    /// The highest number of an evicted event that was the newest of its key. A subscriber at a lower position has
    /// missed an event that no newer event replaces.
    private(set) var lostThrough: UInt64 = 0

    mutating func add(_ sequence: UInt64, _ key: EventKey?) {
        if let key { keyed[key] = sequence } else { unkeyed = sequence }
    }

    mutating func evict(_ sequence: UInt64, _ key: EventKey?) {
        guard isNewest(sequence, key) else { return }
        lostThrough = sequence
        if let key { keyed[key] = nil } else { unkeyed = 0 }
    }

    /// Restores the events that were lost before a restart.
    mutating func restore(lostThrough: UInt64) { self.lostThrough = max(self.lostThrough, lostThrough) }

    /// Whether no newer event with the same key is retained.
    func isNewest(_ sequence: UInt64, _ key: EventKey?) -> Bool {
        sequence == key.map { keyed[$0] ?? 0 } ?? unkeyed
    }

    /// The newest events above a position, oldest first.
    ///
    /// - Returns: nil when there are so many keys that a scan over every event is cheaper.
    func sequences(after position: UInt64, atMost limit: Int) -> [UInt64]? {
        guard keyed.count < limit else { return nil }
        return (keyed.values + [unkeyed]).filter { $0 > position }.sorted()
    }
}
