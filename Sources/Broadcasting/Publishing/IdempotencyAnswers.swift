import DequeModule
import HashTreeCollections

/// Remembers the answers to publishes with an idempotency key, for a time and up to a number of keys and bytes.
struct IdempotencyAnswers {
    private enum Known {
        case inProgress(fingerprint: UInt64)
        /// The last entry of the shared log that has the key; 0 in a log that is not shared.
        case answered(StoredAnswer, number: UInt64)
    }

    private var known: TreeDictionary<IdempotencyKey, Known> = [:]
    /// Oldest first.
    private var order: Deque<(key: IdempotencyKey, time: UInt64, number: UInt64)> = []
    /// Over all answers; see ``weight(_:)``.
    private var bytes = 0

    /// The receipt of a publish that was answered before; nil when the key is new.
    func answer(_ idempotency: Idempotency) throws(PublishRefusal) -> Receipt? {
        switch known[idempotency.key] {
        case nil: return nil
        case .inProgress(let fingerprint):
            throw fingerprint == idempotency.fingerprint ? .keyInUse : .keyReused
        case .answered(let answer, _):
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
        if case .inProgress = known[idempotency.key] { known[idempotency.key] = nil }
    }

    /// Records an answer.
    mutating func record(_ answer: StoredAnswer, number: UInt64 = 0) {
        known[answer.idempotency.key] = .answered(answer, number: number)
        order.append((answer.idempotency.key, answer.time, number))
        bytes += Self.weight(answer)
    }

    // MARK: In a shared log

    /// The answer to the first publish with a key, for an entry that has it again. All nodes then remember the key as of this
    /// entry: a node that starts late, and reads from the middle of the log, knows the same keys.
    mutating func answerAgain(_ key: IdempotencyKey, number: UInt64) -> StoredAnswer? {
        guard case .answered(let answer, _) = known[key] else { return nil }
        known[key] = .answered(answer, number: number)
        order.append((key, answer.time, number))
        return answer
    }

    /// Forgets the keys that no entry from a number on has.
    ///
    /// - Returns: whether there are more.
    mutating func forget(below number: UInt64, atMost most: Int) -> Bool {
        for _ in 0..<most {
            guard let oldest = order.first, oldest.number < number else { return false }
            forgetOldest()
        }
        return true
    }

    /// The first number whose keys stay within the limits of a policy; nil when none stay. Answers weigh about the same.
    func firstKept(_ policy: HistoryPolicy, now: UInt64) -> UInt64? {
        let oldest = now - min(now, policy.idempotencyWindow)
        let old = order.partitioningIndex { $0.time >= oldest }
        let share = bytes > policy.idempotencyBytes ? 1 - Double(policy.idempotencyBytes) / Double(bytes) : 0
        let many = max(order.count - policy.idempotencyKeys, Int((Double(order.count) * share).rounded(.up)), old)
        return many < order.count ? order[many].number : nil
    }

    @discardableResult private mutating func forgetOldest() -> IdempotencyKey? {
        let oldest = order.removeFirst()
        guard case .answered(let answer, oldest.number) = known[oldest.key] else { return nil }
        known[oldest.key] = nil
        bytes -= Self.weight(answer)
        return oldest.key
    }

    /// All answers, oldest first.
    var all: [StoredAnswer] {
        order.compactMap { if case .answered(let answer, $0.number) = known[$0.key] { answer } else { nil } }
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
            if let key = forgetOldest() { expired.append(key) }
        }
        return expired
    }
}
