/// What the archive has still to be told.
struct Outbox {
    /// Parcels, in the order of the log.
    var parcels: [Parcel] = []
    /// Events that no channel holds any more.
    var evicted: [UInt64] = []
    /// Topics of which something besides events has changed.
    var changed: Set<Int> = []
    /// Channels that have been forgotten.
    var forgotten: [ChannelName] = []
    /// Places of ``ForgottenChannels`` that have changed.
    var places: [Int: UInt64] = [:]
    /// Idempotency keys that are no longer remembered.
    var expired: [IdempotencyKey] = []
    /// Events that several channels hold, and how many do.
    var shared: [UInt64: Int] = [:]
    /// Whether the archive has been told that there is something.
    var hasRung = false

    var isEmpty: Bool {
        parcels.isEmpty && evicted.isEmpty && changed.isEmpty && forgotten.isEmpty && places.isEmpty && expired.isEmpty
    }

    /// Notes that a channel does not hold an event any more.
    mutating func evict(_ sequence: UInt64, from topic: TopicID) {
        changed.insert(topic.index)
        if !shared.isEmpty, let count = shared[sequence] {
            shared[sequence] = count > 1 ? count - 1 : nil
            if count > 1 { return }
        }
        evicted.append(sequence)
    }
}
