import Kernel
import Logging
import SystemPackage

/// Takes over new connections.
extension Reactor {
    mutating func accept(from listener: Int) {
        for _ in 0..<Acceptor.acceptsPerTurn {
            switch acceptor.accept(from: listener, settings, poller) {
            case .accepted(let descriptor, let arrival, let loop):
                if loop == context.index {
                    adopt(descriptor, arrival)
                } else {
                    context.ports[loop].post(.adopt(descriptor.release(), arrival))
                }
            case .closed: break
            case .nobody: return
            }
            // However many clients connect, they take no more of a turn than requests may.
            guard time.mayRead else { return }
        }
    }

    /// Serves a connection that the acceptor has counted.
    mutating func adopt(_ descriptor: consuming Descriptor, _ arrival: Arrival) {
        let listener = context.listeners[Int(arrival.listener)]
        let slot = connections.insert(
            Connection(
                Transport(descriptor), arrival, hasShortReads: !listener.isTCP,
                proxied: listener.usesProxyProtocol ? .awaited : .none))
        do throws(Errno) {
            try poller.watch(connections[slot].transport.descriptor, token: connections.token(slot).rawValue)
        } catch {
            context.log.error("a connection cannot be watched", metadata: ["error": "\(error)"])
            return connections.close(slot, .refused)
        }
        connections.setTimeout(slot, after: arrival.admission == .served ? settings.headTimeout : Self.refusalTimeout)
    }

    /// Milliseconds that a client has to send its head when crier will only refuse it.
    static var refusalTimeout: UInt64 { 2000 }
}
