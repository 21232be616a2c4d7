import Kernel

/// One connection of a loop: a transport and the HTTP exchange on it.
struct Connection: ~Copyable {
    /// The stage of the connection.
    enum State {
        /// The client has sent nothing yet.
        case fresh
        /// Between two requests.
        case idle
        /// A request, or its answer, is in progress.
        case exchanging(Exchange)
        /// It carries the stream of the subscriber in this slot.
        case streaming(subscriber: UInt32)
        /// crier has sent everything, and discards input until the client closes. To close with unread input would
        /// reset the connection, and could destroy the answer before the client has read it (RFC 9112 section 9.6).
        case lingering
        /// The loop closes it at the end of the turn.
        case closed
    }

    /// What a proxy says about the client by the PROXY protocol.
    enum ProxiedClient: Sendable {
        /// The listener does without.
        case none
        /// The header has not arrived.
        case awaited
        /// The proxy speaks for itself, or does not know the client.
        case unknown
        case known(Box)

        /// Keeps the connections of other listeners small.
        final class Box: Sendable {
            let address: IPAddress

            init(_ address: IPAddress) { self.address = address }
        }
    }

    /// Whether there may be unread input. Edge-triggered epoll reports each arrival once.
    enum Input: UInt8 {
        /// A read would block; epoll reports the next arrival.
        case drained
        /// There may be more, and epoll will not report it again.
        case readable
        /// The same, and the connection is in the loop's queue of unread connections.
        case queued
    }

    let transport: Transport
    var arrival: Arrival
    /// Who the client is, on a listener for the PROXY protocol.
    var proxied: ProxiedClient
    /// Whether a read may return less than there is: in front of an urgent byte of TCP, or where the peer has attached
    /// descriptors to bytes on a Unix socket.
    var hasShortReads: Bool
    var state = State.fresh
    var input = Input.drained
    /// Whether the last read of it, with the work of its requests, took little of the loop's time. Such a connection is read
    /// before the others.
    var isQuick = false
    /// Whether epoll has reported that the client finished sending or has disconnected. It reports that once.
    var hasHungUp = false
    /// Whether another process has the socket too, in case this one is killed. Only ``Transport/shutDown()`` ends it then.
    var isKept = false
    /// Whether the daemon itself is the client.
    var isInternal = false
    /// When a request, or the end of lingering, is due. A stream has deadlines of its own: see ``Subscribers``.
    var deadline = Deadline()

    init(
        _ transport: consuming Transport, _ arrival: Arrival, hasShortReads: Bool = false,
        proxied: ProxiedClient = .none
    ) {
        self.transport = transport
        self.hasShortReads = hasShortReads
        self.arrival = arrival
        self.proxied = proxied
    }

    /// Whether crier reads requests from it.
    var isServing: Bool {
        switch state {
        case .fresh, .idle, .exchanging: true
        case .streaming, .lingering, .closed: false
        }
    }

    var exchange: Exchange? {
        if case .exchanging(let exchange) = state { exchange } else { nil }
    }
}
