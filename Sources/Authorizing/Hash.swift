import Crypto
import FoundationEssentials

/// A SHA-256 hash.
struct Hash: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The hash of some bytes.
    init(of bytes: [UInt8]) { self.init(digest: Array(SHA256.hash(data: bytes))) }

    /// A hash that was computed before: 32 bytes.
    init(digest: [UInt8]) {
        precondition(digest.count == 32)
        func word(_ place: Int) -> UInt64 { digest[place * 8..<place * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Compares in a time that does not depend on the hashes.
    static func == (left: Hash, right: Hash) -> Bool {
        (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
            | (left.words.3 ^ right.words.3) == 0
    }

    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
