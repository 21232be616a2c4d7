import DequeModule

/// Remembers the answers to publishes with an idempotency key, for a time and up to a number of keys.
struct IdempotencyAnswers {
    private enum Known {
        case inProgress(fingerprint: UInt64)
        case answered(StoredAnswer)
    }

    private var known: [IdempotencyKey: Known] = [:]
    /// Oldest first.
    private var order: Deque<(key: IdempotencyKey, time: UInt64)> = []

    /// The receipt of a publish that was answered before; nil when the key is new.
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

    /// Records that a publish is being written.
    mutating func start(_ idempotency: Idempotency) {
        known[idempotency.key] = .inProgress(fingerprint: idempotency.fingerprint)
    }

    /// Makes a key usable again after its publish was refused.
    mutating func abandon(_ idempotency: Idempotency) {
        known[idempotency.key] = nil
    }

    /// Records an answer.
    mutating func record(_ answer: StoredAnswer) {
        known[answer.idempotency.key] = .answered(answer)
        order.append((answer.idempotency.key, answer.time))
    }

    /// The most answers that are removed at once.
    private static let expiredAtOnce = 1024

    /// Removes answers that are too old or too many, the oldest first.
    ///
    /// - Parameters:
    ///   - window: milliseconds that an answer is remembered.
    ///   - limit: the most answers.
    ///   - now: milliseconds since 1970.
    /// - Returns: the keys of the removed answers.
    mutating func expire(window: UInt64, limit: Int, now: UInt64) -> [IdempotencyKey] {
        var expired: [IdempotencyKey] = []
        while expired.count < Self.expiredAtOnce, let oldest = order.first,
            order.count > limit || (oldest.time < now && now - oldest.time > window)
        {
            order.removeFirst()
            known[oldest.key] = nil
            expired.append(oldest.key)
        }
        return expired
    }
}
