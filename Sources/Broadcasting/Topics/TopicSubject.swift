/// The channel or the pattern that clients subscribe to.
public enum TopicSubject: Sendable, Hashable, CustomStringConvertible {
    /// A channel.
    case channel(ChannelName)
    /// All channels that a pattern matches. It retains no events of its own: they are in the logs of the channels.
    case pattern(ChannelPattern)

    /// The name or the pattern.
    public var description: String {
        switch self {
        case .channel(let name): name.description
        case .pattern(let pattern): pattern.description
        }
    }

    /// Whether a subscriber gets the events of a channel by it.
    public func covers(_ name: ChannelName) -> Bool {
        switch self {
        case .channel(let channel): channel == name
        case .pattern(let pattern): pattern.matches(name)
        }
    }
}
