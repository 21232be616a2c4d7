/// One segment of a channel name or a pattern. Two segments are equal only when their bytes are.
struct Segment: Hashable {
    let text: Substring

    /// `*`: one segment.
    static let any = Segment(text: "*")
    /// `**`: one or more segments, to the end of the name.
    static let tail = Segment(text: "**")

    static func == (left: Segment, right: Segment) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { bytes in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
    }

    /// Whether a name that starts with this segment is the daemon's own, which no asterisk matches.
    var isReserved: Bool { text.utf8.first == UInt8(ascii: "$") }

    /// Splits at the bytes of slashes. A character may begin with a slash and go on with a combining mark, so a split by
    /// characters would miss it.
    static func split(_ text: String) -> [Segment] {
        text.utf8.split(separator: UInt8(ascii: "/")).map { Segment(text: Substring($0)) }
    }
}
