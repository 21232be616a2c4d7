public import Access
public import Broadcasting
public import HTTPMessages
public import Hooks

/// All settings. A reload creates a new value.
public struct Settings: Sendable, Equatable {
    /// The sockets to listen on.
    public var listen = [ListenSettings.standard]

    /// Threads that serve connections, 0 to 64; 0 is one for each processor.
    public var loops = 0
    /// The most microseconds that an event loop polls for input before it sleeps; 0 never polls.
    public var busyPoll: UInt64 = 50
    /// Milliseconds of silence on a stream before crier sends a comment.
    public var heartbeat: UInt64 = 15_000
    /// The base of the reconnection time in milliseconds; each connection gets 0.5 to 1.5 times as much.
    public var retry: UInt64 = 3_000
    /// Milliseconds that clients have to read their last bytes when the daemon stops.
    public var shutdown: UInt64 = 10_000
    /// Milliseconds over which streams end when the daemon stops; 0 ends all at once.
    public var drain: UInt64 = 0
    /// Whether streams go on after the daemon was killed.
    public var surviveCrash = false
    /// Milliseconds after which crier closes a connection whose peer acknowledges nothing.
    public var deadPeer: UInt64 = 30_000
    /// The lowest level that crier logs.
    public var logLevel = LogLevel.info

    /// The most connections at a time; 0 is the limit on descriptors less a reserve.
    public var connections = 0
    /// The most connections of one client address at a time; 0 is no limit.
    public var connectionsPerAddress = 0
    /// The most bytes of a request head.
    public var head = 16 * 1024
    /// The most bytes of a request target.
    public var target = 8 * 1024
    /// The most fields in a request head.
    public var fields = 100
    /// The most bytes of a body, and so of an event.
    public var body = 1024 * 1024
    /// The most requests at a time of which the client has sent a part only; 0 is no limit.
    public var incompleteRequests = 0
    /// The fewest bytes per second of a head, on average; 0 is no minimum.
    public var headRate = 0
    /// The fewest bytes per second of a body, on average; 0 is no minimum.
    public var bodyRate = 0
    /// The most bytes of replay on one connection; 0 is no limit.
    public var replay = 0
    /// Milliseconds that a client has to send a complete head.
    public var headTimeout: UInt64 = 10_000
    /// Milliseconds that a client has to send a complete body.
    public var bodyTimeout: UInt64 = 30_000
    /// The most milliseconds between two requests.
    public var idleTimeout: UInt64 = 60_000
    /// The most channels that one subscriber or one event may name.
    public var channelsPerSubscriber = 100
    /// The most segments of a name or a pattern.
    public var segments = 16
    /// The most bytes of all bodies in progress. The first 8 KiB of each do not count.
    public var bodies = 256 << 20
    /// The most bytes of events that wait for one session.
    public var pushes = 256 << 10
    /// The most bytes that wait for the event loops before publishers wait.
    public var fanoutBacklog = 24 << 20
    /// The most bytes that the kernel holds unsent for one connection.
    public var unsent = 128 * 1024

    /// The most subscribers of one caller with a name; 0 is no limit.
    public var subscribersPerToken = 0
    /// The most subscribers of one client address; 0 is no limit.
    public var subscribersPerAddress = 0
    /// How fast one caller with a name, or one client address, may publish.
    public var publishRate = Rate.unlimited
    /// Events that may come at once; 0 is as many as the number in the rate.
    public var publishBurst = 0
    /// How fast one client address may connect.
    public var connectRate = Rate.unlimited
    /// Proxies that say who the client is: addresses, ranges of them, or `unix` for all peers on Unix sockets.
    public var trustedProxies: [String] = []
    /// The field in which they say it: `x-forwarded-for` or `forwarded`.
    public var forwardedField = ForwardedField.xForwardedFor
    /// Who may do what.
    public var access = AccessSettings()
    /// The most tokens that wait to be verified.
    public var verifications = 1024
    /// The most bytes of the grants of verified tokens that crier remembers.
    public var tokenCache = 16 << 20

    /// The programs that hear of clients and channels.
    public var hooks: [HookSettings] = []

    /// The retention of events, and the policy for slow subscribers.
    public var history = HistoryPolicy()
    /// The place of the history.
    public var store = HistoryStore.memory
    /// The path of the history file; a relative path is in the state directory.
    public var path = "history.db"
    /// Which failures the history file survives.
    public var durability = HistoryDurability.normal

    /// The cluster that the daemon is a node of.
    public var cluster = ClusterKeys()

    /// The defaults.
    public init() {}
}
