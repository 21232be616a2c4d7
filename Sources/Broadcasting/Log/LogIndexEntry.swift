/// Locates an event: the channel, by the index of its topic, and the number.
struct LogIndexEntry: Hashable {
    let topic: Int
    let sequence: UInt64
}
