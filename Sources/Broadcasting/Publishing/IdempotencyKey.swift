/// An `Idempotency-Key`: 1 to 255 bytes of visible ASCII.
public struct IdempotencyKey: Sendable, Hashable, CustomStringConvertible {
    /// The key as text.
    public let description: String

    /// The key of a publisher with a name. Keys of publishers with different names differ, and from those without.
    public init(_ key: IdempotencyKey, of publisher: String) {
        // No key of a client has this character, and the count says where the name ends.
        description = "\u{1}\(publisher.utf8.count):\(publisher)\(key)"
    }

    /// A key that was stored as its ``description``.
    public init(stored text: String) { description = text }

    /// Validates the bytes of a key; nil when they are no key.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard (1...255).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
    }
}
