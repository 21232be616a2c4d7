import DequeModule

/// A change that takes effect once the archive has written it.
enum PendingWrite: Sendable {
    case publish([NumberedEvent], ReplyAddress, Idempotency?)
    case end(TopicID, Frame, ReplyAddress)
}

extension PendingWrite {
    /// How many events it adds to channels, each counted once for each channel; 1 or more.
    var steps: Int {
        switch self {
        case .publish(let events, _, _): events.reduce(1) { $0 + $1.topics.count }
        case .end: 1
        }
    }
}

extension Deque<PendingWrite>.SubSequence {
    /// The first writes, as many as take no more steps in all, and one at least.
    func prefix(steps: Int) -> Self {
        var left = steps
        let isWithin = { (write: PendingWrite) in
            left -= write.steps
            return left >= 0
        }
        return isEmpty ? self : self[..<Swift.max(startIndex + 1, prefix(while: isWithin).endIndex)]
    }
}
