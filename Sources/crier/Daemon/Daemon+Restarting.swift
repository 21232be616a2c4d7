import ArgumentParser
import Clustering
import Configuring
import Hooks
import Kernel
import Logging
import Serving
import Supervising
import SystemPackage

/// Leaves the connections to another process.
extension Daemon {
    /// Milliseconds that hooks have for what waits: the subscribers wait too.
    private static let patienceAtRestart: UInt64 = 100

    /// Brings the loops to a stop.
    ///
    /// - Returns: nil when they do not come to it in time, or somebody wants the daemon to stop at once; they serve on then.
    private mutating func freeze(_ poller: inout Poller) throws -> Freeze? {
        ServiceManager.extendTimeout(milliseconds: settings.shutdown + 10_000)
        let freeze = server.freeze { [standstill] in standstill.wakeup.notify() }
        let deadline = Clock.monotonic + settings.shutdown + 2000
        while !freeze.isComplete, Clock.monotonic < deadline, server.error == nil {
            _ = try poller.wait(milliseconds: 100)
            if hasSignalToStop() { break }
            if watchdog.isDue(turns) { ServiceManager.alive() }
        }
        standstill.wakeup.clear()
        // The next process would not know of a signal that this one has taken.
        if freeze.isComplete, !hasSignalToStop() {
            // Whoever writes the state of the hub must find it unchanged.
            backend.node?.pause()
            return freeze
        }
        freeze.thaw(.serve)
        return nil
    }

    /// Gives the connections to systemd, for the next process.
    ///
    /// - Returns: whether systemd has taken them. Otherwise the loops drain.
    mutating func leaveConnections(_ poller: inout Poller) throws -> Bool {
        ServiceManager.stopping(status: "leaving \(server.status.subscribers) subscribers to the next process")
        guard let freeze = try freeze(&poller) else { return false }
        do throws(Errno) {
            // systemd opens the sockets of its units for the next process itself.
            // The kernel may have no room for a second queue with the same sockets, and nobody needs this one any more.
            server.recovery?.sockets.clear()
            let state = try StateTransfer(server, freeze, listeners: server.ownListeners, history: historyName)
            let count = state.count
            if state.offerToServiceManager() {
                CrashRecovery.forget()
                server.hooks.stop(within: Self.patienceAtRestart)
                backend.stop()
                log.info("stopped; the next process continues the connections", metadata: ["connections": "\(count)"])
                return true
            }
            log.notice(
                "systemd did not keep the connections, so crier ends them; the unit needs FileDescriptorStoreMax=",
                metadata: ["connections": "\(count)"])
        } catch {
            log.error("the connections cannot be kept, so crier ends them", metadata: ["error": "\(error)"])
        }
        backend.node?.resume()
        freeze.thaw(.drain)
        return false
    }

    /// Starts the program anew in this process, with all connections. If the new program does not get ready, this one
    /// serves on.
    mutating func restart(_ poller: inout Poller) throws {
        log.info("restarting in the same process")
        guard let freeze = try freeze(&poller) else {
            if hasSignalToStop() { return log.info("the restart is given up: crier is to stop") }
            return log.error("the restart is given up: the requests in progress did not end")
        }
        do {
            let state = try stateForRestart(freeze)
            ServiceManager.alive()
            // The watchdog runs meanwhile.
            let patience = min(settings.shutdown, ServiceManager.watchdog.map { $0 / 2 } ?? .max)
            try state.rehearse(within: patience, log)
            CrashRecovery.forget()
            server.hooks.stop(within: Self.patienceAtRestart)
            // The new program would not know them.
            ChildProcess.killAll()
            backend.stop()
            let error = state.replaceProgram()
            log.critical("the program cannot be started anew", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        } catch let error as Errno {
            log.error("the restart is given up", metadata: ["error": "\(error)"])
        }
        backend.node?.resume()
        freeze.thaw(.serve)
    }

    /// Milliseconds between two attempts to start over.
    private static let startOverInterval: UInt64 = 30_000

    /// Starts the program anew because the node must forget what it has applied. The new one takes the connections if the epoch
    /// is still the same; otherwise the clients reconnect, and get a gap.
    mutating func startOver(_ poller: inout Poller) throws {
        guard lastStartOver.map({ Clock.monotonic > $0 + Self.startOverInterval }) ?? true else { return }
        lastStartOver = Clock.monotonic
        try restart(&poller)
    }

    private func stateForRestart(_ freeze: Freeze) throws(Errno) -> StateTransfer {
        let listeners = server.listenerNumbers
        do throws(Errno) {
            return try StateTransfer(server, freeze, listeners: listeners, history: historyName)
        } catch {
            guard let recovery = server.recovery else { throw error }
            // See above. If the restart fails, the loops fill it again.
            recovery.sockets.clear()
            return try StateTransfer(server, freeze, listeners: listeners, history: historyName)
        }
    }
}
