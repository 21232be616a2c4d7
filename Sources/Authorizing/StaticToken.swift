import Access
import Crypto
import FoundationEssentials

/// A token without a signature: whoever has it, has its grant.
public struct StaticToken: Sendable, Hashable {
    /// The token.
    public let text: String

    /// A token.
    public init(_ text: String) {
        self.text = text
    }

    /// A token of 24 random bytes.
    public static func random() -> StaticToken {
        var generator = SystemRandomNumberGenerator()
        return StaticToken(Base64URL.encode((0..<24).map { _ in UInt8.random(in: 0...255, using: &generator) }))
    }

    /// The SHA-256, 64 hexadecimal digits.
    public var hash: String {
        SHA256.hash(data: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
