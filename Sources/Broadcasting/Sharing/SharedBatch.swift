/// Changes that a node appends to the shared log as one entry.
public struct SharedBatch: Sendable {
    /// The changes, one or more.
    public let changes: [SharedChange]
    /// Who waits for each.
    let replies: [ReplyAddress?]
    /// When the first of them came, in milliseconds of the clock that the hub's callers use.
    public let since: UInt64

    init(_ waiting: [SharedQueue.Waiting]) {
        changes = waiting.map(\.change)
        replies = waiting.map(\.reply)
        since = waiting.reduce(.max) { min($0, $1.since) }
    }

    /// A change that nobody waits for.
    public init(_ change: SharedChange, since: UInt64) {
        (changes, replies, self.since) = ([change], [nil], since)
    }
}
