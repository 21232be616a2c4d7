/// A change that no batch has yet. It gets its number when a batch takes it: until then another one may go ahead of it.
enum WaitingWrite: Sendable, HasSteps {
    case publish([PlacedEvent], ReplyAddress, Idempotency?)
    case end(TopicID, ChannelName, ReplyAddress)

    var steps: Int {
        switch self {
        case .publish(let events, _, _): events.reduce(1) { $0 + $1.topics.count }
        case .end: 1
        }
    }
}
