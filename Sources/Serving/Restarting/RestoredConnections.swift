import Broadcasting
import Kernel

/// The connections that a server continues.
public struct RestoredConnections: Sendable {
    /// The version of the program that left them; empty when there are none.
    public let program: String
    /// Milliseconds of the monotonic clock when its loops stood still.
    let frozenAt: UInt64
    /// How many restarts and crashes the streams have survived, with this one.
    var restarts = 0
    /// Milliseconds since its loops stood still.
    public var pause: UInt64 { Clock.monotonic - min(frozenAt, Clock.monotonic) }
    /// Connections whose sockets did not arrive, because this process may not have so many descriptors open.
    public internal(set) var lost = 0
    /// The streams of a process that was killed, which are not among the others.
    public var recovered = RecoveredStreams()
    /// How many of them are subscribers.
    public private(set) var subscribers = 0
    /// By loop.
    private var loops: [[RestoredConnection]]
    private var next = 0

    /// None.
    public init() { self.init(loops: 0, program: "", frozenAt: 0) }

    init(loops: Int, program: String, frozenAt: UInt64) {
        self.program = program
        self.frozenAt = frozenAt
        self.loops = Array(repeating: [], count: loops)
    }

    /// How many there are.
    public private(set) var count = 0

    /// Takes the connections, by loop.
    mutating func takeLoops() -> [[RestoredConnection]] {
        defer { loops = [] }
        return loops
    }

    /// Gives a connection to the next loop in turn, and adds its subscriber to its topics.
    mutating func add(_ connection: RestoredConnection, _ hub: Hub) {
        loops[next].append(connection)
        count += 1
        if case .streaming(let subscriber) = connection.record.stage {
            subscribers += 1
            for membership in subscriber.memberships { hub.attach(membership.topic, on: next) }
        }
        next = (next + 1) % loops.count
    }
}

/// A connection that a loop continues.
struct RestoredConnection: Sendable {
    /// The number of its socket, which belongs to the loop.
    let socket: CInt
    let record: ConnectionRecord
}
