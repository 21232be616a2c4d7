/// The key of an event for compaction, like that of a Kafka record: 1 to 256 bytes of UTF-8 without CR, LF or NUL. A
/// slow subscriber may get only the newest event for each key. crier does not send it to subscribers.
public struct EventKey: Sendable, Hashable, CustomStringConvertible {
    /// The key as text.
    public let description: String

    /// The most bytes of a key. The log keeps it as long as the newest event with it.
    public static let limit = 256

    /// Validates bytes; nil for empty ones, which mean "no key".
    public init?(utf8 bytes: ArraySlice<UInt8>) throws(InvalidEvent) {
        let text = try FieldText.singleLine(bytes, .key, limit: Self.limit)
        if text.isEmpty { return nil }
        description = text
    }

    /// Validates a string; nil for an empty one, which means "no key".
    public init?(_ text: String) throws(InvalidEvent) {
        try self.init(utf8: Array(text.utf8)[...])
    }
}
