public import Metrics

/// Figures of the channels of one or more rules together, for metrics: an operator names the groups, so there are few.
///
/// Only code under the hub's lock changes the numbers. Any thread reads them.
public final class ChannelGroup: Sendable, Hashable {
    /// The most groups of a policy.
    public static let limit = 64

    /// The value of the label.
    public let name: String
    /// How many channels there are.
    public let channels = Counter()
    /// How many subscribers they have; a subscriber of two of them counts twice.
    public let subscribers = Counter()
    /// Events published to them; an event of two of them counts twice.
    public let published = Counter()
    /// The bytes of these events on the wire, without chunks.
    public let publishedBytes = Counter()

    /// A group without channels.
    public init(_ name: String) { self.name = name }

    func add(subscribers: Int, channels: Int = 0) {
        self.subscribers.add(subscribers)
        self.channels.add(channels)
    }

    /// Counts an event of so many bytes.
    func countPublished(_ bytes: Int) {
        published.add(1)
        publishedBytes.add(bytes)
    }

    /// Whether two groups have the same name.
    public static func == (one: ChannelGroup, other: ChannelGroup) -> Bool { one.name == other.name }

    /// Hashes the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
