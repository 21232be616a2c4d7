/// Remembers, in a fixed amount of memory, the highest event numbers of removed channels.
///
/// The hub keeps nothing under the name of an empty channel, so empty channels cost nothing. But a client that resumes
/// there with an old position must still get a gap. Names share slots by their hash, so a number may be too high (crier
/// reports a gap that did not occur), but never too low.
struct RemovedChannels {
    /// How many slots there are by name and by first segment. One more slot covers all names.
    private static let names = 8192
    private static let segments = 1024
    private var through = [UInt64](repeating: 0, count: names + segments + 1)

    /// The highest sequence number that a removed channel of this name may have had.
    subscript(name: ChannelName) -> UInt64 { through[Self.slot(of: name)] }

    /// The highest sequence number that a removed channel of this pattern may have had.
    subscript(pattern: ChannelPattern) -> UInt64 {
        let first = Segment.split(pattern.description)[0]
        return through[first == .any || first == .tail ? Self.names + Self.segments : Self.slot(of: first)]
    }

    /// Records that a removed channel had events up to a number.
    ///
    /// - Returns: the slots that record it, and their values.
    mutating func record(_ name: ChannelName, through sequence: UInt64) -> [(slot: Int, through: UInt64)] {
        let slots = [
            Self.slot(of: name), Self.slot(of: Segment.split(name.description)[0]), Self.names + Self.segments,
        ]
        for slot in slots { restore(slot: slot, through: sequence) }
        return slots.map { ($0, through[$0]) }
    }

    /// Raises the value of a slot to that of an archive.
    mutating func restore(slot: Int, through sequence: UInt64) {
        guard through.indices.contains(slot) else { return }
        through[slot] = max(through[slot], sequence)
    }

    /// The slots and their values, without those that record nothing.
    var slots: [(slot: Int, through: UInt64)] {
        through.indices.compactMap { through[$0] > 0 ? ($0, through[$0]) : nil }
    }

    // The archive stores the slots, so every process must compute the same ones.

    private static func slot(of name: ChannelName) -> Int {
        Int(hash(name.description) % UInt64(names))
    }

    private static func slot(of segment: Segment) -> Int {
        names + Int(hash(String(segment.text)) % UInt64(segments))
    }

    private static func hash(_ text: String) -> UInt64 {
        var hash = StableHash()
        hash.add(text)
        return hash.value
    }
}
