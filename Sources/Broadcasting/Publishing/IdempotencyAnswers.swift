import DequeModule
import HashTreeCollections

/// Remembers the answers to publishes with an idempotency key, for a time and up to a number of keys and bytes.
struct IdempotencyAnswers {
    private enum Known {
        case inProgress(fingerprint: UInt64)
        case answered(StoredAnswer)
    }

    private var known: TreeDictionary<IdempotencyKey, Known> = [:]
    /// Oldest first.
    private var order: Deque<(key: IdempotencyKey, time: UInt64)> = []
    /// Over all answers; see ``weight(_:)``.
    private var bytes = 0

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
        bytes += Self.weight(answer)
    }

    /// All answers, oldest first.
    var all: [StoredAnswer] {
        order.compactMap { if case .answered(let answer) = known[$0.key] { answer } else { nil } }
    }

    /// The bytes that an answer counts for in ``HistoryPolicy/idempotencyBytes``.
    private static func weight(_ answer: StoredAnswer) -> Int {
        let receipt = answer.receipt
        let texts =
            [answer.idempotency.key.description, receipt.first, receipt.last] + receipt.channels.map(\.description)
        return texts.reduce(HistoryPolicy.overhead) { $0 + $1.utf8.count }
    }

    /// Removes answers that are too old or too many, the oldest first.
    ///
    /// - Parameters:
    ///   - most: how many it removes at most.
    ///   - now: milliseconds since 1970.
    /// - Returns: the keys of the removed answers.
    mutating func expire(_ policy: HistoryPolicy, atMost most: Int, now: UInt64) -> [IdempotencyKey] {
        var expired: [IdempotencyKey] = []
        while expired.count < most, let oldest = order.first,
            order.count > policy.idempotencyKeys || bytes > policy.idempotencyBytes
                || (oldest.time < now && now - oldest.time > policy.idempotencyWindow)
        {
            order.removeFirst()
            if case .answered(let answer) = known.removeValue(forKey: oldest.key) { bytes -= Self.weight(answer) }
            expired.append(oldest.key)
        }
        return expired
    }
}
