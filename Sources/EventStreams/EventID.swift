/// An `id:`: 1 to 1024 bytes of UTF-8 without CR, LF or NUL.
///
/// An empty id does not exist: an empty `id:` line makes the client forget its position (WHATWG HTML 9.2.6).
public struct EventID: Sendable, Hashable, CustomStringConvertible {
    /// The id as text.
    public let description: String

    /// The most bytes of an id. A client sends it back in a request head, which has a limit too.
    public static let limit = 1024

    /// Validates bytes; nil for empty ones, which mean "no id".
    public init?(utf8 bytes: ArraySlice<UInt8>) throws(InvalidEvent) {
        let text = try FieldText.singleLine(bytes, .id, limit: Self.limit)
        if text.isEmpty { return nil }
        description = text
    }

    /// Validates a string; nil for an empty one, which means "no id".
    public init?(_ text: String) throws(InvalidEvent) {
        try self.init(utf8: Array(text.utf8)[...])
    }
}

// Ids are equal when their bytes are. Swift's strings are equal as soon as they are canonically equivalent (é as one
// character or as two), and software that compares bytes, such as a proxy, would disagree.
extension EventID {
    /// Whether the bytes are the same.
    public static func == (left: EventID, right: EventID) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }
}
