/// Options that every accepted connection inherits from its listening socket. Linux copies them at accept, so they cost
/// nothing per connection.
public struct ConnectionOptions: Sendable {
    /// Seconds after which the kernel closes a connection whose peer acknowledges nothing (TCP_USER_TIMEOUT and
    /// keepalive), 1 to 3600.
    public var deadPeerSeconds: Int
    /// Bytes that the kernel may hold unsent before it stops taking more (TCP_NOTSENT_LOWAT). Events that a slow
    /// subscriber has not read then stay in crier's log, which all subscribers share, and not in a kernel buffer per
    /// connection.
    public var unsentLimit: Int

    /// Options for subscribers that may sit behind a mobile network.
    public init(deadPeerSeconds: Int = 30, unsentLimit: Int = 128 * 1024) {
        self.deadPeerSeconds = deadPeerSeconds
        self.unsentLimit = unsentLimit
    }
}
