import DequeModule

/// An `Idempotency-Key`: 1 to 255 bytes of visible ASCII.
public struct IdempotencyKey: Sendable, Hashable, CustomStringConvertible {
    /// The key as text.
    public let description: String

    /// Nil for what is not a key.
    public init?(_ bytes: some Collection<UInt8>) {
        guard (1...255).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
    }
}

/// Makes a publish that is sent again one publish.
public struct Idempotency: Sendable, Hashable {
    /// What the publisher calls it.
    public let key: IdempotencyKey
    /// Tells whether what is sent with the key is the same again.
    public let fingerprint: UInt64

    /// A key for something.
    public init(key: IdempotencyKey, fingerprint: UInt64) {
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// What was answered to a publish with an idempotency key.
public struct StoredAnswer: Sendable {
    /// For what.
    public var idempotency: Idempotency
    /// When, in milliseconds since 1970.
    public var time: UInt64
    /// The answer.
    public var receipt: Receipt

    /// An answer.
    ///
    /// - Parameters:
    ///   - first: the id of the first event.
    ///   - last: that of the last.
    public init(
        _ idempotency: Idempotency, time: UInt64, count: Int, first: String, last: String, channels: [ChannelName],
        subscribers: Int
    ) {
        self.idempotency = idempotency
        self.time = time
        receipt = Receipt(
            count: count, first: first, last: last, channels: channels, subscribers: subscribers, backlogs: [])
    }
}

/// Remembers what was answered, for a time and up to a number.
struct Answers {
    private enum Known {
        case inProgress(fingerprint: UInt64)
        case answered(StoredAnswer)
    }

    private var known: [IdempotencyKey: Known] = [:]
    /// Oldest first.
    private var order: Deque<(key: IdempotencyKey, time: UInt64)> = []

    /// What is known of a key: the receipt when it was answered; nil when it is new.
    func answer(_ idempotency: Idempotency) throws(PublishRefusal) -> Receipt? {
        switch known[idempotency.key] {
        case nil: return nil
        case .inProgress(let fingerprint):
            throw fingerprint == idempotency.fingerprint ? .keyInUse : .keyReused
        case .answered(let answer):
            guard answer.idempotency.fingerprint == idempotency.fingerprint else { throw .keyReused }
            return answer.receipt
        }
    }

    mutating func begin(_ idempotency: Idempotency) {
        known[idempotency.key] = .inProgress(fingerprint: idempotency.fingerprint)
    }

    mutating func abandon(_ idempotency: Idempotency) {
        known[idempotency.key] = nil
    }

    mutating func note(_ answer: StoredAnswer) {
        var answer = answer
        answer.receipt.backlogs = []
        known[answer.idempotency.key] = .answered(answer)
        order.append((answer.idempotency.key, answer.time))
    }

    /// Forgets what is too old or too much.
    ///
    /// - Returns: the keys.
    mutating func expire(window: UInt64, limit: Int, now: UInt64) -> [IdempotencyKey] {
        var expired: [IdempotencyKey] = []
        while let oldest = order.first, order.count > limit || (oldest.time < now && now - oldest.time > window) {
            order.removeFirst()
            known[oldest.key] = nil
            expired.append(oldest.key)
        }
        return expired
    }
}
