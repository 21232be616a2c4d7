/// The number of a channel, or of a pattern with subscribers, in the hub and the loops. The hub reuses the number of a
/// removed topic. A mailbox item for the removed topic then does no harm: it is older than every later subscriber, and
/// fan-out skips events and ends up to the position of a live subscriber.
public struct TopicID: Sendable, Hashable {
    let index: Int
}
