import EventStreams

/// Which event of a channel is the newest about each key, among those held.
struct NewestEvents {
    private var unkeyed: UInt64 = 0
    private var keyed: [EventKey: UInt64] = [:]
    /// The highest sequence number of an event that was the newest of its key and is no longer held: whoever is behind
    /// it has missed something that nothing newer makes up for.
    private(set) var lostThrough: UInt64 = 0

    mutating func note(_ sequence: UInt64, _ key: EventKey?) {
        if let key { keyed[key] = sequence } else { unkeyed = sequence }
    }

    mutating func forget(_ sequence: UInt64, _ key: EventKey?) {
        guard isNewest(sequence, key) else { return }
        lostThrough = sequence
        if let key { keyed[key] = nil } else { unkeyed = 0 }
    }

    /// Whether nothing newer about the same key is held.
    func isNewest(_ sequence: UInt64, _ key: EventKey?) -> Bool {
        sequence == key.map { keyed[$0] ?? 0 } ?? unkeyed
    }

    /// The newest events above a position, oldest first.
    ///
    /// - Returns: nil when there are so many keys that looking at every event is cheaper.
    func sequences(after position: UInt64, atMost limit: Int) -> [UInt64]? {
        guard keyed.count < limit else { return nil }
        return (keyed.values + [unkeyed]).filter { $0 > position }.sorted()
    }
}
