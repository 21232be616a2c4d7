/// Events for single streams: the bytes, framed, that a subscriber that is behind gets when it has read the log, and the last id
/// of each, which is then the position of its client.
struct PushedBytes {
    private var waiting: [Subscribers.Token: [UInt8]] = [:]
    private var lastIDs: [Subscribers.Token: [UInt8]] = [:]

    /// Adds bytes for a subscriber.
    ///
    /// - Parameter limit: the most bytes that may wait for it.
    /// - Returns: false when they are too many.
    mutating func add(_ bytes: [UInt8], for token: Subscribers.Token, limit: Int) -> Bool {
        guard (waiting[token]?.count ?? 0) + bytes.count <= limit else { return false }
        waiting[token, default: []] += bytes
        return true
    }

    /// Remembers the last id that was sent to a subscriber.
    mutating func note(lastID: [UInt8], for token: Subscribers.Token) { lastIDs[token] = lastID }

    /// The last id that was sent to a subscriber alone; nil when none was.
    func lastID(for token: Subscribers.Token) -> [UInt8]? { lastIDs.isEmpty ? nil : lastIDs[token] }

    /// Forgets a subscriber.
    mutating func forget(_ token: Subscribers.Token) {
        take(token)
        if !lastIDs.isEmpty { lastIDs[token] = nil }
    }

    /// Those that wait for a subscriber.
    subscript(token: Subscribers.Token) -> [UInt8] { waiting.isEmpty ? [] : waiting[token] ?? [] }

    /// Takes those of a subscriber.
    @discardableResult mutating func take(_ token: Subscribers.Token) -> [UInt8] {
        waiting.isEmpty ? [] : waiting.removeValue(forKey: token) ?? []
    }

    /// Gives a subscriber those of the process before.
    mutating func restore(_ bytes: [UInt8], for token: Subscribers.Token) {
        if !bytes.isEmpty { waiting[token] = bytes }
    }
}
