/// A channel that has come into being, or that somebody has deleted.
public enum ChannelChange: Sendable, Hashable {
    /// There was no such channel.
    case created(ChannelName)
    /// Somebody has deleted it.
    case ended(ChannelName)

    /// The channel.
    public var name: ChannelName {
        switch self {
        case .created(let name), .ended(let name): name
        }
    }
}
