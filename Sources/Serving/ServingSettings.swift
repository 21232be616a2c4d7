public import Access
public import Broadcasting
public import HTTPMessages
public import Kernel

/// How crier serves connections. Times are in milliseconds, if nothing else is said; timeouts round up to ticks of 100 ms.
/// All settings can change while the daemon runs.
public struct ServingSettings: Sendable, Hashable {
    /// The most nanoseconds that a loop polls for input before it sleeps; 0 never polls.
    public var busyPoll: UInt64 = 50_000
    /// The longest silence of a stream. crier sends a comment after four fifths of it to all of it.
    public var heartbeat: UInt64 = 15_000
    /// The base of the reconnection time. Each client gets half to one and a half times this.
    public var retry: UInt64 = 3_000
    /// How long clients have to finish when the daemon stops, and how long a subscriber has to take its last bytes.
    public var shutdown: UInt64 = 10_000
    /// Over which time streams end when the daemon stops; 0 ends all at once.
    public var drain: UInt64 = 0
    /// How long a client has to send a complete head.
    public var headTimeout: UInt64 = 10_000
    /// How long a client has to send a complete body, unless crier publishes the body as it arrives.
    public var bodyTimeout: UInt64 = 30_000
    /// How long a connection may stay open between two requests, or with an answer that the client does not read.
    public var idleTimeout: UInt64 = 60_000
    /// The fewest bytes per second of a head, on average; 0 is no minimum.
    public var headRate = 0
    /// The fewest bytes per second of a body, or of an event in a body that crier publishes as it arrives, on average; 0 is
    /// no minimum.
    public var bodyRate = 0
    /// The most requests at a time of which the client has sent a part only; 0 is no limit.
    public var incompleteRequests = 0
    /// The most bytes of events that one connection gets from the history before it is live; 0 is no limit.
    public var replay = 0
    /// The limits on the size of requests.
    public var messages = MessageLimits()
    /// The limits on the channels that a request names.
    public var names = NameLimits()
    /// The most bytes of all bodies that publishers have sent and crier has not answered.
    public var bodies = 256 << 20
    /// The most bytes of events that wait for one session, which somebody has sent to it alone.
    public var pushes = 256 << 10
    /// Bytes that may wait for the subscribers of a channel, an event counted once for each subscriber, before
    /// publishers to the channel wait.
    public var fanoutBacklog = 24 << 20
    /// The most connections at a time. crier accepts 48 more only to refuse them politely.
    public var connections = 1000
    /// The most connections of one client address at a time; 0 is no limit. crier accepts 8 more only to refuse them
    /// politely.
    public var connectionsPerAddress = 0

    /// The most subscribers of one caller with a name; 0 is no limit.
    public var subscribersPerToken = 0
    /// The most subscribers of one client address; 0 is no limit.
    public var subscribersPerAddress = 0
    /// How fast one caller with a name, or one client address, may publish.
    public var publishRate = Rate.unlimited
    /// Events that may come at once, 1 or more.
    public var publishBurst = 1
    /// How fast one client address may connect.
    public var connectRate = Rate.unlimited
    /// The proxies whose ``forwardedField`` says who the client is.
    public var trustedProxies: [AddressRange] = []
    /// Whether peers on Unix sockets are such proxies.
    public var trustsUnixPeers = false
    /// The field in which proxies name the client.
    public var forwardedField = ForwardedField.xForwardedFor
    /// All settings as the text of a configuration file, without secrets.
    public var configuration: [UInt8] = []
    /// Who may do what; nil when nobody needs a credential.
    public var access: AccessPolicy?

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

    /// The fewest bytes per second that a client may send in that time; 0 is no minimum.
    func leastRate(_ timeout: Exchange.Timeout) -> Int {
        switch timeout {
        case .head: headRate
        case .body: bodyRate
        case .idle: 0
        }
    }
}
