import Access
import Broadcasting
import Crypto
import FoundationEssentials

/// Collects everything that a rule says, so that two rules have the same fingerprint only when they say the same.
struct Fingerprint {
    private var hash = SHA256()

    /// - Parameter kind: the kind of the rule.
    init(_ kind: String) { add(kind) }

    /// Adds a part. Its length comes first: parts that are only joined could be cut in another place.
    mutating func add(_ part: [UInt8]) {
        hash.update(data: Array("\(part.count):".utf8))
        hash.update(data: part)
    }

    mutating func add(_ part: String?) {
        add(part == nil ? [0] : [1])
        add(Array((part ?? "").utf8))
    }

    mutating func add(_ parts: [String]) {
        add("\(parts.count)")
        for part in parts { add(part) }
    }

    mutating func add(_ rights: Rights) {
        add(rights.subscribe.map(\.description))
        add(rights.publish.map(\.description))
        add("\(rights.isAdmin)")
    }

    var bytes: [UInt8] { Array(hash.finalize()) }
}
