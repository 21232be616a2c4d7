/// An `event:`: 1 to 1024 bytes of UTF-8 without CR, LF or NUL.
public struct EventName: Sendable, Hashable, CustomStringConvertible {
    /// The name as text.
    public let description: String

    /// The most bytes of a name.
    public static let limit = 1024

    /// Validates bytes; nil for empty ones: to a client an empty name is the same as none.
    public init?(utf8 bytes: ArraySlice<UInt8>) throws(InvalidEvent) {
        let text = try FieldText.singleLine(bytes, .event, limit: Self.limit)
        if text.isEmpty { return nil }
        description = text
    }

    /// Validates a string; nil for an empty one: to a client an empty name is the same as none.
    public init?(_ text: String) throws(InvalidEvent) {
        try self.init(utf8: Array(text.utf8)[...])
    }
}
