/// The occurrences that a hook can hear of. The raw value is the type of the message.
public enum HookKind: String, Sendable, Hashable, CaseIterable {
    /// A client has subscribed.
    case connect
    /// A stream has ended.
    case disconnect
    /// A slow subscriber was disconnected, or made to skip events.
    case slow
    /// A channel exists that did not.
    case channelCreated = "channel.created"
    /// Somebody has deleted a channel.
    case channelEnded = "channel.ended"
}
