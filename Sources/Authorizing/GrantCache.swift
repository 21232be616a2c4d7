import Access
import Broadcasting

/// Remembers the grants of tokens that were verified, up to a number of bytes. It forgets those that nobody has used for
/// longest, half of the bytes at a time.
struct GrantCache {
    private struct Entry {
        let grant: Grant
        /// Milliseconds since 1970 at which it is to be forgotten.
        let end: UInt64

        func isOver(at now: UInt64) -> Bool { now >= end || grant.isOver(at: now) }
    }

    private var recent: [Hash: Entry] = [:]
    private var older: [Hash: Entry] = [:]
    /// Of the recent ones.
    private var bytes = 0
    /// The most bytes of all; see ``weight(_:)``.
    var limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// The grant of a token; nil when it is not known, or over at a time.
    mutating func find(_ hash: Hash, now: UInt64) -> Grant? {
        if let entry = recent[hash] { return entry.isOver(at: now) ? nil : entry.grant }
        guard let entry = older[hash], !entry.isOver(at: now) else { return nil }
        insert(hash, entry.grant, until: entry.end)
        return entry.grant
    }

    /// Remembers a grant.
    ///
    /// - Parameter end: milliseconds since 1970 at which it is to be forgotten.
    mutating func insert(_ hash: Hash, _ grant: Grant, until end: UInt64 = .max) {
        let weight = Self.weight(grant)
        if bytes + weight > limit / 2 {
            (older, recent) = (recent, [:])
            bytes = 0
        }
        guard weight <= limit / 2, recent.updateValue(Entry(grant: grant, end: end), forKey: hash) == nil else {
            return
        }
        bytes += weight
    }

    /// About the bytes of memory that a grant takes, with its place in the table.
    private static func weight(_ grant: Grant) -> Int {
        let patterns = grant.rights.subscribe + grant.rights.publish
        return patterns.reduce(384 + grant.name.utf8.count) { $0 + 64 + $1.description.utf8.count }
    }

    /// How many grants it remembers at the moment.
    var count: Int { recent.count + older.filter { recent[$0.key] == nil }.count }
}
