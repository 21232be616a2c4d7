public import HTTPMessages

/// What a listening socket may be asked for. A request outside of its roles is answered as if there were no such
/// thing: 404.
public struct Roles: OptionSet, Sendable, Hashable {
    /// One bit a role.
    public let rawValue: UInt8

    /// Wraps bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `GET /events`.
    public static let subscribe = Roles(rawValue: 1)
    /// `POST /events`.
    public static let publish = Roles(rawValue: 2)
    /// Channels, and the page.
    public static let admin = Roles(rawValue: 4)
}

/// How connections are served. Times are in milliseconds. All of it can change while the daemon runs.
public struct ServingSettings: Sendable, Hashable {
    /// How long a stream may be silent before a comment is sent.
    public var heartbeat: UInt64 = 15_000
    /// The base of the reconnection time; each connection gets half to one and a half of it.
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
    /// Bytes that may wait to be written to the subscribers of a channel, an event counted once for each of them,
    /// before its publishers wait.
    public var fanoutBacklog = 16 << 20
    /// Connections at a time; beyond it they are refused politely.
    public var connections = 1000

    /// The defaults.
    public init() {}
}
