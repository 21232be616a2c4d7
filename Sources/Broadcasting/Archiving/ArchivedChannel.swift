/// The record that an archive keeps of a channel besides its events.
public struct ArchivedChannel: Sendable, Hashable {
    /// Its name.
    public var name: ChannelName
    /// The log has evicted the events of the channel up to this number; 0 for none.
    public var evictedThrough: UInt64
    /// When a publisher ended it, in milliseconds since 1970; nil while it is open.
    public var endedAt: UInt64?

    /// A record.
    public init(name: ChannelName, evictedThrough: UInt64, endedAt: UInt64?) {
        self.name = name
        self.evictedThrough = evictedThrough
        self.endedAt = endedAt
    }
}
