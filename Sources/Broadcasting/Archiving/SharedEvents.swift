import HashTreeCollections

/// Events that several channels retain, and how many channels that are.
struct SharedEvents {
    private struct Count {
        var sequence: UInt64 = 0
        var channels = 0
    }

    private var counts: TreeDictionary<UInt64, Int> = [:]
    /// Events that channels released a moment ago, each at its number modulo the size. They are not in ``counts``: channels
    /// with the same events release each of them in short succession.
    private var recent = [Count](repeating: Count(), count: 64)

    /// Records that several channels retain an event.
    mutating func add(_ sequence: UInt64, count: Int) {
        if count > 1 { counts[sequence] = count }
    }

    /// Records that a channel no longer retains an event.
    ///
    /// - Returns: whether no channel retains it any more.
    mutating func release(_ sequence: UInt64) -> Bool {
        let slot = Int(sequence % UInt64(recent.count))
        if sequence != recent[slot].sequence {
            let old = recent[slot]
            if old.channels > 0 { counts[old.sequence] = old.channels }
            let channels = counts.isEmpty ? 1 : counts.removeValue(forKey: sequence) ?? 1
            recent[slot] = Count(sequence: sequence, channels: channels)
        }
        recent[slot].channels -= 1
        return recent[slot].channels <= 0
    }
}
