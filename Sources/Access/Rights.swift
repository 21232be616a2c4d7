public import Broadcasting

/// The channels that somebody may use, and whether they may administer.
public struct Rights: Sendable, Hashable {
    /// Patterns of the channels to subscribe to.
    public var subscribe: [ChannelPattern]
    /// Patterns of the channels to publish to.
    public var publish: [ChannelPattern]
    /// Whether they may list and delete channels, and see the page at `/`.
    public var isAdmin: Bool

    /// Rights, by default none.
    public init(subscribe: [ChannelPattern] = [], publish: [ChannelPattern] = [], isAdmin: Bool = false) {
        self.subscribe = subscribe
        self.publish = publish
        self.isAdmin = isAdmin
    }

    /// These rights and others.
    public func adding(_ other: Rights) -> Rights {
        Rights(
            subscribe: subscribe + other.subscribe, publish: publish + other.publish, isAdmin: isAdmin || other.isAdmin)
    }

    /// Whether they give nothing.
    public var isEmpty: Bool { subscribe.isEmpty && publish.isEmpty && !isAdmin }
}
