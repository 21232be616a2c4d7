/// An `id:`: 1 byte or more of UTF-8 without CR, LF or NUL.
///
/// Empty is not an id: an empty `id:` line makes the client forget its position (WHATWG HTML 9.2.6).
public struct EventID: Sendable, Hashable, CustomStringConvertible {
    /// The id as text.
    public let description: String

    /// The most bytes an id may have: it comes back in a request head, which has a limit too.
    public static let limit = 1024

    /// Nil for empty bytes, which mean "no id".
    public init?(utf8 bytes: some Sequence<UInt8>) throws(InvalidEvent) {
        let text = try line(bytes, .id, limit: Self.limit)
        if text.isEmpty { return nil }
        description = text
    }

    /// Nil for an empty string, which means "no id".
    public init?(_ text: String) throws(InvalidEvent) {
        try self.init(utf8: text.utf8)
    }
}

/// An `event:`: 1 byte or more of UTF-8 without CR, LF or NUL.
public struct EventName: Sendable, Hashable, CustomStringConvertible {
    /// The name as text.
    public let description: String

    /// The most bytes a name may have.
    public static let limit = 1024

    /// Nil for empty bytes: to a client an empty name is the same as none.
    public init?(utf8 bytes: some Sequence<UInt8>) throws(InvalidEvent) {
        let text = try line(bytes, .event, limit: Self.limit)
        if text.isEmpty { return nil }
        description = text
    }

    /// Nil for an empty string: to a client an empty name is the same as none.
    public init?(_ text: String) throws(InvalidEvent) {
        try self.init(utf8: text.utf8)
    }
}

/// What an event is about, for subscribers that only want the newest event about each thing: 1 byte or more of UTF-8.
/// It never goes out on the wire.
public struct EventKey: Sendable, Hashable, CustomStringConvertible {
    /// The key as text.
    public let description: String

    /// The most bytes a key may have: it is held for as long as its newest event.
    public static let limit = 256

    /// Nil for empty bytes, which mean "no key".
    public init?(utf8 bytes: some Sequence<UInt8>) throws(InvalidEvent) {
        let text = try line(bytes, .key, limit: Self.limit)
        if text.isEmpty { return nil }
        description = text
    }
}

/// A `retry:`: whole milliseconds, 0 to 2^31 − 1. Larger numbers overflow in one engine or another.
public struct Retry: Sendable, Hashable {
    /// Milliseconds.
    public let milliseconds: UInt32

    /// Refuses everything but ASCII digits, as the client does (WHATWG HTML 9.2.6).
    public init(digits: some Collection<UInt8>) throws(InvalidEvent) {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { throw .retryNotDigits }
        var value: UInt64 = 0
        for digit in digits {
            value = value * 10 + UInt64(digit - 0x30)
            guard value <= Self.largest else { throw .retryTooLarge }
        }
        milliseconds = UInt32(value)
    }

    /// Cuts to the range.
    public init(milliseconds: UInt64) {
        self.milliseconds = UInt32(min(milliseconds, Self.largest))
    }

    private static let largest: UInt64 = 1 << 31 - 1
}

/// What an event carries: any UTF-8, line breaks and NUL included.
public struct EventData: Sendable, Hashable {
    /// The UTF-8 bytes.
    public let bytes: [UInt8]

    /// Refuses what is not UTF-8.
    public init(utf8 bytes: [UInt8]) throws(InvalidEvent) {
        do { _ = try UTF8Span(validating: bytes.span) } catch { throw .notUTF8(.data) }
        self.bytes = bytes
    }

    /// The bytes of a string.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }
}

/// Text that fits on one line.
private func line(
    _ bytes: some Sequence<UInt8>, _ part: InvalidEvent.Part, limit: Int
) throws(InvalidEvent) -> String {
    let bytes = Array(bytes)
    guard bytes.count <= limit else { throw .tooLong(part, limit: limit) }
    for byte in bytes {
        if byte == 0x0A || byte == 0x0D { throw .lineBreak(part) }
        if byte == 0 { throw .nul(part) }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(part) }
    return text
}

// Equal are those of the same bytes. Strings are equal too when one writes é as one character and the other as two, and
// whoever compares bytes, such as a proxy, would disagree with us.
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
