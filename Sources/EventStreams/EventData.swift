/// The data of an event: any UTF-8, including line breaks and NUL.
public struct EventData: Sendable, Hashable {
    /// The UTF-8 bytes.
    public let bytes: [UInt8]

    /// Validates bytes; throws when they are not UTF-8.
    public init(utf8 bytes: [UInt8]) throws(InvalidEvent) {
        do { _ = try UTF8Span(validating: bytes.span) } catch { throw .notUTF8(.data) }
        self.bytes = bytes
    }

    /// The bytes of a string.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }
}
