import Access
import Broadcasting
import Bytes
import Clustering
import Configuring
import Hooks
import Kernel
import Logging
import Serving
import Storing
import Supervising

/// Opens the history that the settings name, and creates a server with its events.
struct HistorySetup {
    /// Why the history cannot be used.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Milliseconds that systemd waits for the next part of a long history.
    private static let patience: UInt64 = 600_000

    let backend: HistoryBackend
    private let stored: StoredState?
    private let path: String
    private let log: Logger
    private let logChannel: LogChannel
    private let hooks: Hooks

    /// - Parameter shouldGiveUp: whether somebody wants the daemon to stop; asked while it waits for others.
    init(
        _ settings: Settings, _ hooks: Hooks, _ log: Logger, _ logChannel: LogChannel,
        shouldGiveUp: () -> Bool
    ) throws(Failure) {
        self.log = log
        self.hooks = hooks
        self.logChannel = logChannel
        guard settings.cluster.engine == .none else {
            path = Self.place(settings.cluster.path)
            do throws(ClusterSetup.Failure) {
                backend = .cluster(try ClusterSetup.node(settings, path: path, log, shouldGiveUp: shouldGiveUp))
            } catch {
                throw Failure(description: error.description)
            }
            stored = nil
            return
        }
        path = Self.place(settings.path)
        guard settings.store == .sqlite else {
            (backend, stored) = (.memory, nil)
            return
        }
        do throws(StoreError) {
            let durability: Store.Durability = settings.durability == .full ? .full : .normal
            let store = try Store(path: path, durability: durability, log: log)
            stored = try store.loadState()
            backend = .sqlite(store)
        } catch {
            throw Failure(description: "\(path): \(error)")
        }
    }

    /// Creates a server that continues the history, and the connections of the process before.
    ///
    /// - Parameters:
    ///   - room: how many connections there are descriptors for.
    ///   - predecessor: what the process before has left.
    ///   - rule: finds the rule of access in force with a fingerprint, or makes one that is revoked.
    func server(
        loops: Int, listeners: ListenerSet, _ settings: Settings, serving: ServingSettings, room: Int,
        predecessor: inout Predecessor, rule: @escaping ([UInt8]) -> AccessRule, shouldGiveUp: () -> Bool
    ) throws(Failure) -> Server {
        do {
            let epochs =
                if let node = backend.node {
                    Epochs(node.epoch)
                } else {
                    try stored?.epochs ?? Epochs(predecessor.state?.header().epoch ?? .random())
                }
            return try Server(
                loops: loops, listeners: listeners, settings: serving, history: settings.history,
                epoch: epochs.current, archive: backend.archive,
                recovery: CrashRecovery.make(
                    settings, loops: loops, slots: room, epochs, hasPlaces: predecessor.hasRecorded, log),
                life: Life(version: Crier.version, started: Int(Clock.realtime / 1000)),
                logChannel: logChannel, hooks: hooks, cluster: backend.node.map(ClusterSetup.report), log: log
            ) { hub in
                try prepare(hub, settings, shouldGiveUp) { () throws(ByteReader.Damage) in
                    try predecessor.continueConnections(hub, loops: loops, most: room, rule: rule, log)
                }
            }
        } catch let damage as ByteReader.Damage {
            let lost = predecessor.refuseState()
            log.error(
                "the state of the process before is refused; its clients reconnect and resume",
                metadata: ["reason": "\(damage)", "connections": "\(lost)"])
            return try server(
                loops: loops, listeners: listeners, settings, serving: serving, room: room, predecessor: &predecessor,
                rule: rule, shouldGiveUp: shouldGiveUp)
        } catch let error as StoreError {
            throw Failure(description: "\(path): \(error)")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "cannot start the event loops: \(error)")
        }
    }

    /// Tells systemd that this takes longer. After a restart in the same process the service is not starting, and the watchdog
    /// runs.
    static func reportProgress() {
        ServiceManager.extendTimeout(milliseconds: patience)
        ServiceManager.alive()
    }

    /// - Parameter restore: restores the state of the process before.
    private func prepare(
        _ hub: Hub, _ settings: Settings, _ shouldGiveUp: () -> Bool,
        _ restore: () throws(ByteReader.Damage) -> RestoredConnections
    ) throws -> RestoredConnections {
        let start = Clock.monotonic
        if let node = backend.node { return try follow(node, hub, shouldGiveUp, restore) }
        guard case .sqlite(let store) = backend, let stored else {
            let restored = try restore()
            hub.finishRestoring(now: Clock.steady)
            return restored
        }
        hub.restore(stored)
        // The check of the file comes before the first event.
        Self.reportProgress()
        try store.restore(into: hub, memory: settings.history.memory, progress: Self.reportProgress)
        let restored = try restore()
        hub.finishRestoring(now: Clock.steady)
        try store.start(hub)
        let summary = hub.summary
        log.info(
            "loaded the history",
            metadata: [
                "path": "\(path)", "channels": "\(summary.channels)", "events": "\(summary.events)",
                "milliseconds": "\(Clock.monotonic - start)",
            ])
        if stored.uncertainThrough == stored.head, stored.head > 0 {
            log.warning(
                "the machine rebooted while the history was open; the last events may be lost")
        }
        return restored
    }

    /// Reads the shared log into a hub, and goes on with it.
    private func follow(
        _ node: ClusterNode, _ hub: Hub, _ shouldGiveUp: () -> Bool,
        _ restore: () throws(ByteReader.Damage) -> RestoredConnections
    ) throws -> RestoredConnections {
        let start = Clock.monotonic
        do throws(LogFailure) {
            try node.start(hub) {
                Self.reportProgress()
                return shouldGiveUp()
            }
        } catch {
            throw Failure(description: "cluster: \(error)")
        }
        let restored = try node.whilePaused { () throws(ByteReader.Damage) in
            let restored = try restore()
            hub.finishRestoring(now: Clock.steady)
            return restored
        }
        let summary = hub.summary
        log.info(
            "read the shared log",
            metadata: [
                "node": "\(node.status.node)", "channels": "\(summary.channels)", "events": "\(summary.events)",
                "milliseconds": "\(Clock.monotonic - start)",
            ])
        return restored
    }

    /// Where the history of some settings is, for the process after this one.
    static func name(_ settings: Settings) -> String {
        if settings.cluster.engine == .etcd { return "etcd \(settings.cluster.prefix)" }
        return settings.store == .sqlite ? "sqlite \(place(settings.path))" : "memory"
    }

    /// A relative path is in the state directory that systemd created; without one, in the working directory.
    private static func place(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = Environment["STATE_DIRECTORY"] else { return path }
        return directory.split(separator: ":").first.map { "\($0)/\(path)" } ?? path
    }
}
