/// Remembers, in a fixed amount of memory, up to where the events of forgotten channels went.
///
/// A channel that holds nothing costs nothing, so nothing is kept under its name. But whoever comes back to it with
/// an old position must not be told that nothing is missing. Names share places by their hash, so the answer may be
/// too high (and a gap is told that was none) but never too low.
struct ForgottenChannels {
    /// By name, by first segment, and over all.
    private static let names = 8192
    private static let segments = 1024
    private var through = [UInt64](repeating: 0, count: names + segments + 1)

    /// The highest sequence number that a channel of this name may have had.
    subscript(name: ChannelName) -> UInt64 { through[Self.place(of: name)] }

    /// The highest sequence number that a channel of this pattern may have had.
    subscript(pattern: ChannelPattern) -> UInt64 {
        let first = Segment.split(pattern.description)[0]
        return through[first == .any || first == .tail ? Self.names + Self.segments : Self.place(of: first)]
    }

    /// Remembers that a channel had events up to a number.
    ///
    /// - Returns: the places.
    @discardableResult
    mutating func note(_ name: ChannelName, through sequence: UInt64) -> [Int] {
        let places = [
            Self.place(of: name), Self.place(of: Segment.split(name.description)[0]), Self.names + Self.segments,
        ]
        for place in places { note(place: place, through: sequence) }
        return places
    }

    /// Remembers what an archive kept.
    mutating func note(place: Int, through sequence: UInt64) {
        guard through.indices.contains(place) else { return }
        through[place] = max(through[place], sequence)
    }

    func through(place: Int) -> UInt64 { through[place] }

    // The places are the same in every process: they are kept in the archive.

    private static func place(of name: ChannelName) -> Int {
        Int(hash(name.description) % UInt64(names))
    }

    private static func place(of segment: Segment) -> Int {
        names + Int(hash(String(segment.text)) % UInt64(segments))
    }

    private static func hash(_ text: String) -> UInt64 {
        var hash = StableHash()
        hash.add(text)
        return hash.value
    }
}
