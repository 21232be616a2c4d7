/// Bytes for one stream each, framed, that a subscriber that is behind gets when it has read the log.
struct PushedBytes {
    private var waiting: [Subscribers.Token: [UInt8]] = [:]

    /// Adds bytes for a subscriber.
    ///
    /// - Parameter limit: the most bytes that may wait for it.
    /// - Returns: false when they are too many.
    mutating func add(_ bytes: [UInt8], for token: Subscribers.Token, limit: Int) -> Bool {
        guard (waiting[token]?.count ?? 0) + bytes.count <= limit else { return false }
        waiting[token, default: []] += bytes
        return true
    }

    /// Those that wait for a subscriber.
    subscript(token: Subscribers.Token) -> [UInt8] { waiting.isEmpty ? [] : waiting[token] ?? [] }

    /// Takes those of a subscriber, or forgets them.
    @discardableResult mutating func take(_ token: Subscribers.Token) -> [UInt8] {
        waiting.isEmpty ? [] : waiting.removeValue(forKey: token) ?? []
    }

    /// Gives a subscriber those of the process before.
    mutating func restore(_ bytes: [UInt8], for token: Subscribers.Token) {
        if !bytes.isEmpty { waiting[token] = bytes }
    }
}
