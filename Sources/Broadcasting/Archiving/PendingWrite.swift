import DequeModule

/// A change that takes effect once the archive has written it.
enum PendingWrite: Sendable, HasSteps {
    case publish([NumberedEvent], ReplyAddress, Idempotency?)
    case end(TopicID, Frame, ReplyAddress)
}

extension PendingWrite {
    var steps: Int {
        switch self {
        case .publish(let events, _, _): events.reduce(1) { $0 + $1.topics.count }
        case .end: 1
        }
    }

    var eventCount: Int {
        switch self {
        case .publish(let events, _, _): events.count
        case .end: 0
        }
    }
}
