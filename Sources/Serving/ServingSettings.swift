public import HTTPMessages

/// How crier serves connections. Times are in milliseconds. All of it can change while the daemon runs.
public struct ServingSettings: Sendable, Hashable {
    /// How long a stream may be silent before crier sends a comment.
    public var heartbeat: UInt64 = 15_000
    /// The base of the reconnection time; each client gets half to one and a half of it.
    public var retry: UInt64 = 3_000
    /// How long subscribers have to take their last bytes when the daemon stops.
    public var shutdown: UInt64 = 10_000
    /// How long a client has for a complete head.
    public var headTimeout: UInt64 = 10_000
    /// How long a client has for a complete body.
    public var bodyTimeout: UInt64 = 30_000
    /// How long a connection may stay open between two requests.
    public var idleTimeout: UInt64 = 60_000
    /// The size of requests.
    public var messages = MessageLimits()
    /// Channels that one subscriber may name, or one event may be published to.
    public var channelsPerRequest = 100
    /// Bytes that may wait to be written to the subscribers of a channel, an event counted once for each of them, before
    /// publishers to the channel wait.
    public var fanoutBacklog = 16 << 20
    /// Connections at a time. crier refuses further ones politely.
    public var connections = 1000

    /// The defaults.
    public init() {}

    /// The milliseconds of a timeout.
    subscript(timeout: Exchange.Timeout) -> UInt64 {
        switch timeout {
        case .head: headTimeout
        case .body: bodyTimeout
        case .idle: idleTimeout
        }
    }
}
