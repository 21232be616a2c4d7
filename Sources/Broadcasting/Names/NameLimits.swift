/// How many channels a request may name, and how many segments each name may have.
public struct NameLimits: Sendable, Hashable {
    /// The most channels and patterns that one subscriber may name, or channels that one event may have.
    public var channels: Int
    /// The most segments of a name or a pattern. The search for the patterns that match a channel looks at each segment.
    public var segments: Int

    /// Limits.
    public init(channels: Int = 100, segments: Int = 16) {
        self.channels = channels
        self.segments = segments
    }
}
