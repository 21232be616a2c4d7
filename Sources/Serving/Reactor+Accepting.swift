import Kernel
import Logging
import SystemPackage

extension Reactor {
    /// Connections taken in one go: a storm of them must not stand before what is already here.
    private static var acceptsPerTurn: Int { 64 }

    mutating func closeListeners(_ acceptance: Acceptance) {
        if case .open = self.acceptance {
            for shared in listeners { try? poller.forget(shared.listener.descriptor) }
        }
        self.acceptance = acceptance
    }

    mutating func accept(from index: Int) {
        for _ in 0..<Self.acceptsPerTurn {
            guard case .open = acceptance else { return }
            let verdict = occupancy.verdict(limit: settings.connections)
            if case .leave = verdict {
                return pauseAccepting("all connections are in use, those kept for refusals too")
            }
            switch listeners[index].listener.accept() {
            case .connection(let descriptor):
                place(descriptor, listener: UInt8(index), isRefused: verdict == .refuse)
            case .nobody: return
            case .vanished: continue
            case .exhausted(let error): return pauseAccepting("\(error)")
            case .failed(let error):
                log.error("a listening socket failed", metadata: ["error": "\(error)"])
                return pauseAccepting("\(error)")
            }
        }
    }

    /// Descriptors have run out. Whoever waits stays in the kernel's backlog, and accepting is tried again with every
    /// tick; level-triggered, a listening socket that stayed registered would spin the loop.
    private mutating func pauseAccepting(_ reason: String) {
        log.warning("accepting is paused", metadata: ["reason": "\(reason)"])
        closeListeners(.paused)
    }

    mutating func resumeAccepting() {
        guard case .paused = acceptance else { return }
        if case .leave = occupancy.verdict(limit: settings.connections) { return }
        guard (try? Self.watch(listeners, with: poller)) != nil else { return }
        acceptance = .open
    }

    /// Gives a connection to the loop that has the fewest. EPOLLEXCLUSIVE wakes one loop, and tends to wake the same.
    private mutating func place(_ descriptor: consuming Descriptor, listener: UInt8, isRefused: Bool) {
        occupancy.add()
        var least = index
        for candidate in ports.indices where load(of: candidate) + 1 < load(of: least) { least = candidate }
        ports[least].status.connections.add(1)
        if least == index { return adopt(descriptor, listener: listener, isRefused: isRefused) }
        ports[least].send(.adopt(descriptor.release(), listener: listener, isRefused: isRefused))
    }

    private func load(of loop: Int) -> Int { ports[loop].status.connections.current }

    /// Begins to serve a connection, which has been counted.
    mutating func adopt(_ descriptor: consuming Descriptor, listener: UInt8, isRefused: Bool) {
        let slot = connections.insert(Connection(descriptor, listener: listener, isRefused: isRefused)).slot
        do throws(Errno) {
            try poller.watch(connections[slot].descriptor, token: connections.token(slot).rawValue)
        } catch {
            log.error("a connection cannot be watched", metadata: ["error": "\(error)"])
            return close(slot, .refused)
        }
        setDeadline(slot, after: isRefused ? Self.refusalTimeout : settings.headTimeout)
    }

    /// Milliseconds that a connection which is only here to be refused may take for its head.
    private static var refusalTimeout: UInt64 { 2000 }
}
