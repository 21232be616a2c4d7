public import Broadcasting

/// Everything that can be configured. Immutable once loaded; a reload makes another value.
public struct Settings: Sendable, Equatable {
    /// The sockets to listen on.
    public var listen = [ListenSettings.standard]

    /// Threads that serve connections; 0 is one a processor.
    public var loops = 0
    /// Milliseconds a stream may be silent before a comment is sent.
    public var heartbeat: UInt64 = 15_000
    /// Milliseconds: the base of the reconnection time that each connection gets half to one and a half of.
    public var retry: UInt64 = 3_000
    /// Milliseconds that clients have to take their last bytes when the daemon stops.
    public var shutdown: UInt64 = 10_000
    /// Milliseconds after which a peer that acknowledges nothing is given up.
    public var deadPeer: UInt64 = 30_000
    /// What is logged: this level and above.
    public var logLevel = LogLevel.info

    /// Connections at a time; 0 is what the limit on descriptors allows, less a reserve.
    public var connections = 0
    /// Bytes of a request head.
    public var head = 16 * 1024
    /// Bytes of a request target.
    public var target = 8 * 1024
    /// Fields in a request head.
    public var fields = 100
    /// Bytes of a body, and so of an event.
    public var body = 1024 * 1024
    /// Milliseconds for a complete head.
    public var headTimeout: UInt64 = 10_000
    /// Milliseconds for a complete body.
    public var bodyTimeout: UInt64 = 30_000
    /// Milliseconds between two requests.
    public var idleTimeout: UInt64 = 60_000
    /// Channels that one subscriber may name, or one event may be published to.
    public var channelsPerSubscriber = 100
    /// Bytes that may wait in a pass before publishers wait.
    public var fanoutBacklog = 16 << 20
    /// Bytes that the kernel holds unsent for one connection.
    public var unsent = 128 * 1024

    /// What is held for those who come back.
    public var history = HistoryPolicy()
    /// Where it is held.
    public var store = HistoryStore.memory
    /// The file, in the state directory if it is not absolute.
    public var path = "history.db"
    /// What the file survives.
    public var durability = HistoryDurability.normal

    /// The embedded defaults.
    public init() {}
}

/// How much is logged.
public enum LogLevel: String, Sendable, CaseIterable {
    case debug, info, notice, warning, error
}

/// Where history is held.
public enum HistoryStore: String, Sendable, CaseIterable {
    case memory, sqlite
}

/// What durable history survives.
public enum HistoryDurability: String, Sendable, CaseIterable {
    /// The end of the process, whatever ends it.
    case normal
    /// The loss of power too.
    case full
}
