/// An event as the archive returns it when the daemon starts.
public struct StoredEvent: Sendable {
    /// Its number.
    public var sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    public var time: UInt64
    /// How many bytes it has on the wire.
    public var size: Int
    /// The names that its publisher gave it.
    public var labels: PublisherLabels?
    /// Its channels.
    public var channels: [ChannelName]

    /// An event.
    public init(sequence: UInt64, time: UInt64, size: Int, labels: PublisherLabels?, channels: [ChannelName]) {
        self.sequence = sequence
        self.time = time
        self.size = size
        self.labels = labels
        self.channels = channels
    }
}
