import Access
import Kernel
import Logging
import SystemPackage

/// Accepts connections for one loop and spreads them over all loops.
struct Acceptor {
    private enum State {
        case open
        /// Descriptors or places for connections have run out. The loop tries again at every tick.
        case paused
        /// The loop is about to stand still; see ``Freeze``.
        case frozen
        /// The daemon is stopping.
        case closed
    }

    /// What came of an attempt to accept a connection.
    enum Outcome: ~Copyable {
        /// A new connection, and the loop that must serve it.
        case accepted(Descriptor, Arrival, loop: Int)
        /// crier has closed it, because its address has too many.
        case closed
        /// There is none, or no room.
        case nobody
    }

    /// The most connections that a loop accepts from one listening socket in a turn: a storm of new connections must
    /// not delay the present ones.
    static let acceptsPerTurn = 16

    private let context: LoopContext
    private var state = State.open
    /// While there is no room, the loop pauses anew at every tick.
    private var limiter = LogLineLimiter(limit: 1)
    /// A client with too many connections may connect thousands of times a second.
    private var addressLimiter = LogLineLimiter(limit: 1)

    init(_ context: LoopContext) {
        self.context = context
    }

    /// Watches the listening sockets.
    ///
    /// - Parameter firstToken: the token of the first; the others follow.
    static func watch(
        _ listeners: [SharedListener], with poller: borrowing Poller, firstToken: UInt64
    ) throws(Errno) {
        for (index, shared) in listeners.enumerated() {
            try poller.watchShared(shared.listener.descriptor, token: firstToken + UInt64(index))
        }
    }

    /// Accepts the next connection from a listening socket and counts it.
    mutating func accept(from index: Int, _ settings: ServingSettings, _ poller: borrowing Poller) -> Outcome {
        while case .open = state {
            guard let admission = context.connectionCount.admission(limit: settings.connections) else {
                pause("all connections are in use, including those reserved for refusals", poller)
                return .nobody
            }
            switch context.listeners[index].listener.accept() {
            case .connection(let descriptor):
                // A proxy has an address of its own; the header says whose connection it is.
                let address: IPAddress?
                if context.listeners[index].usesProxyProtocol || !Self.countsAddresses(settings) {
                    address = nil
                } else {
                    address = IPAddress(SocketAddress(peerOf: descriptor))
                }
                guard let (ofAddress, place) = admit(address, settings) else { return .closed }
                let arrival = Arrival(
                    listener: UInt8(index), admission: admission == .served ? ofAddress : admission, address: place)
                context.connectionCount.add()
                let loop = leastLoaded()
                context.ports[loop].status.connections.add(1)
                return .accepted(descriptor, arrival, loop: loop)
            case .nobody: return .nobody
            case .vanished: continue
            case .exhausted(let error): pause("\(error)", poller)
            case .failed(let error):
                context.log.error("a listening socket failed", metadata: ["error": "\(error)"])
                pause("\(error)", poller)
            }
        }
        return .nobody
    }

    private static func countsAddresses(_ settings: ServingSettings) -> Bool {
        settings.connectionsPerAddress > 0 || settings.connectRate != .unlimited
    }

    /// Counts a connection for the address of its client; nil when crier must close it.
    ///
    /// - Parameter address: nil counts nothing.
    mutating func admit(_ address: IPAddress?, _ settings: ServingSettings) -> (Admission, AddressCounts.Place)? {
        guard let address, Self.countsAddresses(settings) else { return (.served, .none) }
        let block = AddressBlock(address)
        let isTooFast = isTooFast(block, settings.connectRate)
        if isTooFast != false { logRefusal("connects too fast", address) }
        guard let isTooFast else { return nil }
        let limit = settings.connectionsPerAddress
        guard limit > 0 else { return (isTooFast ? .tooFast : .served, .none) }
        let counted = context.addressCounts.add(block, limit: limit)
        if counted?.0 != .served { logRefusal("has too many connections", address) }
        guard let (admission, place) = counted else { return nil }
        return (admission == .served && isTooFast ? .tooFast : admission, place)
    }

    /// Whether an address connects faster than it may; nil when crier cannot even refuse it politely.
    private func isTooFast(_ address: AddressBlock, _ rate: Rate) -> Bool? {
        guard rate != .unlimited else { return false }
        let now = Clock.monotonicNanoseconds
        let limiter = context.limiter
        let subject = RateLimiter.Subject("connect", address)
        if limiter.take(1, of: subject, rate, burst: max(1, rate.count), now: now).isAllowed { return false }
        // A refusal takes a place until the client asks. One each second, and eight at once.
        let refusals = RateLimiter.Subject("refusal", address)
        let refused = limiter.take(1, of: refusals, Rate(count: 1, period: 1000), burst: 8, now: now)
        return refused.isAllowed ? true : nil
    }

    private mutating func logRefusal(_ reason: String, _ address: IPAddress) {
        guard let suppressed = addressLimiter.admit(now: Clock.monotonic) else { return }
        context.log.notice("a client \(reason)", metadata: ["peer": "\(address)", "suppressed": "\(suppressed)"])
    }

    /// The loop with the fewest connections. EPOLLEXCLUSIVE wakes one loop, and tends to wake the same one.
    private func leastLoaded() -> Int {
        var least = context.index
        for candidate in context.ports.indices where load(of: candidate) + 1 < load(of: least) { least = candidate }
        return least
    }

    private func load(of loop: Int) -> Int { context.ports[loop].status.connections.current }

    /// Stops accepting: clients wait in the kernel's backlog. Listening sockets are level-triggered, so one that stayed
    /// registered would make the loop spin.
    private mutating func pause(_ reason: String, _ poller: borrowing Poller) {
        unwatch(poller)
        state = .paused
        guard let suppressed = limiter.admit(now: Clock.monotonic) else { return }
        context.log.warning(
            "accepting is paused", metadata: ["reason": "\(reason)", "suppressed": "\(suppressed)"])
    }

    /// Accepts again after a pause, when there is room.
    mutating func resume(limit: Int, _ poller: borrowing Poller, firstToken: UInt64) {
        guard case .paused = state, context.connectionCount.admission(limit: limit) != nil else { return }
        guard (try? Self.watch(context.listeners, with: poller, firstToken: firstToken)) != nil else {
            // Some may be watched already; watching them again with the next tick would fail.
            return unwatch(poller)
        }
        state = .open
    }

    /// Leaves clients in the kernel's backlog until ``thaw()``.
    mutating func freeze(_ poller: borrowing Poller) {
        if case .open = state { unwatch(poller) }
        state = .frozen
    }

    /// Accepts again, from the next tick on.
    mutating func thaw() {
        guard case .frozen = state else { return }
        state = .paused
    }

    /// Counts a connection of the process before for the address of its client, also above a limit.
    func count(_ address: IPAddress?, _ settings: ServingSettings) -> AddressCounts.Place {
        guard let address, settings.connectionsPerAddress > 0 else { return .none }
        return context.addressCounts.add(AddressBlock(address), limit: Int.max / 2)?.1 ?? .none
    }

    /// Accepts no more connections.
    mutating func close(_ poller: borrowing Poller) {
        if case .open = state { unwatch(poller) }
        state = .closed
        context.connectionCount.stopAccepting()
    }

    private func unwatch(_ poller: borrowing Poller) {
        for shared in context.listeners { try? poller.unwatch(shared.listener.descriptor) }
    }
}
