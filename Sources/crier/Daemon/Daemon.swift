import Access
import ArgumentParser
import Authorizing
import Broadcasting
import Configuring
import Kernel
import Logging
import Serving
import Storing
import Supervising
import SystemPackage

/// `crier serve`. The main thread supervises; each event loop has its own thread.
struct Daemon: ~Copyable {
    private let options: SettingsOptions
    private let listen: [String]
    private var settings: Settings
    private let signals: Signals
    let log: Logger
    let server: Server
    let store: Store?
    let authority: Authority
    private var watchdog: LoopWatchdog
    private let descriptorLimit: Int
    private let unixPaths: [String]
    /// Notified when all loops stand still.
    private let standstill: SharedWakeup

    /// Opens the listening sockets and starts the loops.
    init(_ options: SettingsOptions, listen: [String]) throws {
        // Before any thread starts: new threads inherit the blocked signals.
        let signals = try Signals(collecting: [.terminate, .interrupt, .hangUp, .user2])
        let standstill = try SharedWakeup()
        let settings: Settings
        do throws(SettingsOptions.Mistakes) {
            settings = try options.load(listen: listen)
        } catch {
            let log = Self.logger(.info)
            for line in error.lines { log.error("\(line)") }
            throw SettingsOptions.exitCode
        }
        let log = Self.logger(settings.logLevel)
        let descriptorLimit = ProcessLimits.raiseDescriptorLimit()
        ProcessLimits.reserveDescriptors(min(descriptorLimit, Self.reservedDescriptors))
        var predecessor = Predecessor()
        var listeners = ListenerSetup(settings)
        do throws(ListenerSetup.Failure) {
            try listeners.open(&predecessor)
        } catch {
            for line in error.description.split(separator: "\n") { log.error("\(line)") }
            throw ExitCode.failure
        }
        let unixPaths = listeners.unixPaths
        let addresses = listeners.addresses
        let loops = settings.loops == 0 ? min(64, ProcessLimits.processors) : settings.loops
        let (authority, access) = try Self.authority(settings, log)
        let server: Server
        let store: Store?
        do throws(HistorySetup.Failure) {
            let history = try HistorySetup(settings, log)
            server = try history.server(
                loops: loops, listeners: listeners.sockets, settings,
                serving: settings.serving(descriptors: descriptorLimit, access: access),
                room: Settings.connectionRoom(descriptors: descriptorLimit), state: predecessor.state,
                rule: authority.rule)
            store = history.store
        } catch {
            log.error("\(error.description)")
            throw ExitCode.failure
        }
        predecessor.release()
        authority.whenRulesEnd { [weak server] in server?.checkGrants() }
        self.store = store
        self.authority = authority
        self.options = options
        self.listen = listen
        self.signals = signals
        self.settings = settings
        self.log = log
        self.descriptorLimit = descriptorLimit
        self.unixPaths = unixPaths
        self.server = server
        self.standstill = standstill
        watchdog = LoopWatchdog(period: ServiceManager.watchdog.map { $0 / 2 })
        if !server.restored.program.isEmpty {
            let restored = server.restored
            log.info(
                "continued the connections of the process before",
                metadata: [
                    "connections": "\(restored.count)", "subscribers": "\(restored.subscribers)",
                    "lost": "\(restored.lost)", "version": "\(restored.program)",
                    "milliseconds": "\(restored.pause)",
                ])
        }
        for address in addresses { log.info("listening", metadata: ["address": "\(address)"]) }
    }

    /// Supervises the loops until a signal stops the daemon or a loop fails.
    mutating func run() throws {
        var poller = try Poller(capacity: 8)
        try poller.watchInput(signals.descriptor, token: 0)
        try poller.watchInput(standstill.wakeup.descriptor, token: 1)
        ServiceManager.ready(status: statusLine)
        log.info("ready", metadata: ["version": "\(Crier.version)", "epoch": "\(server.hub.epoch)"])
        var trimming = MemoryTrimming()
        var nextStatus = Clock.monotonic + Self.statusPeriod
        while true {
            _ = try poller.wait(milliseconds: watchdog.wait(atMost: Self.statusPeriod))
            while let signal = signals.next() {
                switch signal {
                case .hangUp: reload()
                case .user2: try restart(&poller)
                default: return try stop(signal, &poller)
                }
            }
            if let error = server.error {
                log.critical("stopping because an event loop failed", metadata: ["error": "\(error)"])
                throw ExitCode.failure
            }
            if watchdog.isDue(server.turns) { ServiceManager.alive() }
            if Clock.monotonic >= nextStatus {
                ServiceManager.status(statusLine)
                let (status, hub) = (server.status, server.hub.summary)
                let now = Clock.monotonic
                if trimming.shouldTrim(connections: status.connections, bytes: hub.bytes, now: now) {
                    ProcessMemory.trim()
                }
                nextStatus = now + Self.statusPeriod
            }
        }
    }

    /// Room in the kernel's table of descriptors from the start on; 512 KiB.
    private static let reservedDescriptors = 65_536

    /// Milliseconds between two status lines.
    private static let statusPeriod: UInt64 = 1000

    private var statusLine: String {
        let status = server.status
        let hub = server.hub.summary
        return "\(status.subscribers) subscribers, \(hub.channels) channels, \(status.published) events published, "
            + "\(status.delivered) delivered, \(status.connections) connections, "
            + "\(status.closed[CloseReason.slow.rawValue]) disconnected as too slow, "
            + "\(status.skips) skips by slow subscribers, "
            + "longest turn of an event loop \(status.longestTurn / 1000) us, "
            + "longest hold of the hub's lock \(server.hub.longestHold / 1000) us"
    }

    private mutating func reload() {
        ServiceManager.reloading(monotonicMicroseconds: Clock.monotonicMicroseconds)
        defer { ServiceManager.ready(status: statusLine) }
        guard options.canBeParsed() else {
            return log.error("the new configuration is not TOML; the old one stays in force")
        }
        let new: Settings
        do throws(SettingsOptions.Mistakes) {
            new = try options.load(listen: listen)
        } catch {
            for line in error.lines { log.error("\(line)") }
            return log.error("the new configuration has errors; the old one stays in force")
        }
        let access: AccessPolicy?
        do throws(KeyProblem) {
            access = try authority.apply(new.access, new.verification)
        } catch {
            log.error("\(error)")
            return log.error("the new configuration has errors; the old one stays in force")
        }
        for key in new.needingRestart(from: settings) {
            log.warning("this setting changes after a restart only", metadata: ["key": "\(key)"])
        }
        settings = new
        server.apply(new.serving(descriptors: descriptorLimit, access: access), new.history)
        log.info("reloaded")
    }

    private mutating func stop(_ signal: Signal, _ poller: inout Poller) throws {
        log.info("stopping", metadata: ["signal": "\(signal)"])
        // After a stop, systemd would close the connections. Somebody who presses Ctrl-C wants no other process either.
        if signal == .terminate, ServiceManager.isPresent, PendingJob.ask() != .other, try leaveConnections(&poller) {
            return
        }
        ServiceManager.stopping(status: "disconnecting \(server.status.subscribers) subscribers")
        server.drain()
        // The loops enforce the shutdown time themselves; the extra 2 s are for a loop that hangs.
        let deadline = Clock.monotonic + settings.shutdown + 2000
        while !server.hasEnded, Clock.monotonic < deadline {
            _ = try poller.wait(milliseconds: 20)
            // A second signal stops the daemon at once.
            if hasAnotherSignal { break }
            if watchdog.isDue(server.turns) { ServiceManager.alive() }
        }
        if server.hasEnded { server.join() }
        authority.stop()
        store?.stop()
        for path in unixPaths { Listener.removeSocketFile(path) }
        log.info("stopped")
    }

    /// Whether somebody wants the daemon to stop, who has asked before.
    private var hasAnotherSignal: Bool {
        while let signal = signals.next() {
            if signal == .terminate || signal == .interrupt { return true }
        }
        return false
    }

    // MARK: Another process

    /// Brings the loops to a stop.
    ///
    /// - Returns: nil when they do not come to it in time, or somebody wants the daemon to stop at once; they serve on then.
    private mutating func freeze(_ poller: inout Poller) throws -> Freeze? {
        let freeze = server.freeze { [standstill] in standstill.wakeup.notify() }
        let deadline = Clock.monotonic + settings.shutdown + 2000
        while !freeze.isComplete, Clock.monotonic < deadline, server.error == nil {
            _ = try poller.wait(milliseconds: 100)
            if hasAnotherSignal { break }
            if watchdog.isDue(server.turns) { ServiceManager.alive() }
        }
        standstill.wakeup.clear()
        if freeze.isComplete { return freeze }
        freeze.thaw(.serve)
        return nil
    }

    /// Gives the connections to systemd, for the next process.
    ///
    /// - Returns: whether systemd has taken them. Otherwise the loops drain.
    private mutating func leaveConnections(_ poller: inout Poller) throws -> Bool {
        ServiceManager.stopping(status: "leaving \(server.status.subscribers) subscribers to the next process")
        guard let freeze = try freeze(&poller) else { return false }
        do throws(Errno) {
            // systemd opens the sockets of its units for the next process itself.
            let state = try StateTransfer(server, freeze, listeners: server.ownListeners)
            let count = state.count
            if state.offerToServiceManager() {
                store?.stop()
                log.info("stopped; the next process continues the connections", metadata: ["connections": "\(count)"])
                return true
            }
            log.notice(
                "systemd did not keep the connections, so crier ends them; the unit needs FileDescriptorStoreMax=",
                metadata: ["connections": "\(count)"])
        } catch {
            log.error("the connections cannot be kept, so crier ends them", metadata: ["error": "\(error)"])
        }
        freeze.thaw(.drain)
        return false
    }

    /// Starts the program anew in this process, with all connections. If the new program does not get ready, this one
    /// serves on.
    private mutating func restart(_ poller: inout Poller) throws {
        log.info("restarting", metadata: ["signal": "user2"])
        guard let freeze = try freeze(&poller) else {
            return log.error("the restart is given up: the requests in progress did not end")
        }
        do {
            let state = try StateTransfer(server, freeze, listeners: server.listenerNumbers)
            try state.rehearse(within: settings.shutdown, log)
            store?.stop()
            let error = state.replaceProgram()
            log.critical("the program cannot be started anew", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        } catch let error as Errno {
            log.error("the restart is given up", metadata: ["error": "\(error)"])
        }
        freeze.thaw(.serve)
    }

    /// Reads the keys that the settings name.
    ///
    /// - Returns: the authority, and the policy; nil when nobody needs a credential.
    private static func authority(_ settings: Settings, _ log: Logger) throws -> (Authority, AccessPolicy?) {
        do {
            let threads = max(1, min(4, ProcessLimits.processors / 2))
            let authority = try Authority(threads: threads, limits: settings.verification, log: log)
            return (authority, try authority.apply(settings.access, settings.verification))
        } catch let problem as KeyProblem {
            log.error("\(problem)")
            throw SettingsOptions.exitCode
        } catch {
            log.error("cannot start the threads that verify tokens", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    private static func logger(_ level: LogLevel) -> Logger {
        let level = Logger.Level(rawValue: level.rawValue) ?? .info
        return Logger(label: "crier") { _ in
            if JournalLog.isConnected { JournalLog(level: level) } else { TextLog(level: level) }
        }
    }
}
