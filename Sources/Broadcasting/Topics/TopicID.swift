/// The number by which the hub and the loops call a channel, or a pattern with subscribers. The hub reuses the number of
/// a removed topic. A mailbox item for the removed topic then does no harm: sequence numbers only rise, and cursors skip
/// the events below them.
public struct TopicID: Sendable, Hashable {
    let index: Int
}
