import Access
import ArgumentParser
import Authorizing
import Broadcasting
import Clustering
import Configuring
import DequeModule
import Hooks
import Kernel
import Logging
import Serving
import Supervising
import SystemPackage

/// `crier serve`. The main thread supervises; each event loop has its own thread.
struct Daemon: ~Copyable {
    private let options: SettingsOptions
    private let listen: [String]
    var settings: Settings
    let signals: Signals
    /// Those of the start: keys that no reload can change have these values.
    private let initial: Settings
    /// Signals that came while the daemon waited for something else.
    private var waitingSignals: Deque<Signal> = []
    /// Keys whose values in the file will be in force after a restart.
    private(set) var awaitingRestart: [String] = []
    let log: Logger
    let server: Server
    let backend: HistoryBackend
    let authority: Authority
    var watchdog: LoopWatchdog
    private var crashRecovery: CrashRecovery?
    private let descriptorLimit: Int
    /// When the daemon last tried to start over, in milliseconds of the monotonic clock; nil for never.
    var lastStartOver: UInt64?
    private let unixPaths: [String]
    /// Notified when all loops stand still.
    let standstill: SharedWakeup

    /// Opens the listening sockets and starts the loops.
    init(_ options: SettingsOptions, listen: [String]) throws {
        // Before any thread starts: new threads inherit the blocked signals.
        let signals = try Signals(collecting: [.terminate, .interrupt, .hangUp, .user1, .user2])
        let standstill = try SharedWakeup()
        let settings: Settings
        do throws(SettingsOptions.Mistakes) {
            settings = try options.load(listen: listen)
        } catch {
            let log = Self.logger(.info, LogChannel())
            for line in error.lines { log.error("\(line)") }
            throw SettingsOptions.exitCode
        }
        let logChannel = LogChannel()
        let log = Self.logger(settings.logLevel, logChannel)
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
        let hooks = Hooks(log: log)
        do throws(HookProblem) { try hooks.apply(settings.hooks) } catch {
            log.error("\(error)")
            throw SettingsOptions.exitCode
        }
        let server: Server
        let backend: HistoryBackend
        do throws(HistorySetup.Failure) {
            let history = try HistorySetup(
                settings, hooks, log, logChannel, shouldGiveUp: { Self.isToStop(signals) })
            server = try history.server(
                loops: loops, listeners: listeners.sockets, settings,
                serving: settings.serving(descriptors: descriptorLimit, access: access),
                room: settings.connectionRoom(descriptors: descriptorLimit), predecessor: &predecessor,
                rule: authority.rule, shouldGiveUp: { Self.isToStop(signals) })
            backend = history.backend
        } catch {
            log.error("\(error.description)")
            throw ExitCode.failure
        }
        predecessor.release()
        crashRecovery = CrashRecovery(server.recovery, log)
        authority.whenRulesEnd { [weak server] in server?.checkGrants() }
        // A key set may have come before.
        if server.restored.count > 0 { server.checkGrants() }
        self.backend = backend
        self.authority = authority
        self.options = options
        self.listen = listen
        self.signals = signals
        self.settings = settings
        initial = settings
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
        let recovered = server.restored.recovered
        if recovered.count > 0 || recovered.lost > 0 {
            log.notice(
                "continued the streams of the process before, which was killed",
                metadata: ["streams": "\(recovered.count)", "lost": "\(recovered.lost)"])
        }
        for address in addresses { log.info("listening", metadata: ["address": "\(address)"]) }
    }

    /// Supervises the loops until a signal stops the daemon or a loop fails.
    mutating func run() throws {
        var poller = try Poller(capacity: 8)
        try poller.watchInput(signals.descriptor, token: 0)
        try poller.watchInput(standstill.wakeup.descriptor, token: 1)
        backend.node?.whenInTrouble { [standstill] in standstill.wakeup.notify() }
        let pressure = MemoryPressure()
        if let pressure { try poller.watch(pressure.descriptor, token: 2) }
        ServiceManager.ready(status: statusLine)
        log.info("ready", metadata: ["version": "\(Crier.version)", "epoch": "\(server.hub.epoch)"])
        var trimming = MemoryTrimming()
        var nextStatus = Clock.monotonic + Self.statusPeriod
        while true {
            let ready = try poller.wait(milliseconds: watchdog.wait(atMost: Self.statusPeriod))
            let hasPressure = (0..<ready).contains {
                poller[$0].token == 2 && pressure?.isRaised(poller[$0].readiness) == true
            }
            while let signal = nextSignal() {
                switch signal {
                case .hangUp: try reload(&poller)
                case .user1: logState()
                case .user2: try restart(&poller)
                default: return try stop(signal, &poller)
                }
            }
            if let error = server.error {
                log.critical("stopping because an event loop failed", metadata: ["error": "\(error)"])
                throw ExitCode.failure
            }
            if case .mustStartOver? = backend.node?.status.trouble { try startOver(&poller) }
            if watchdog.isDue(turns) { ServiceManager.alive() }
            if hasPressure {
                pressure?.clear()
                relieveMemory()
            }
            if Clock.monotonic >= nextStatus {
                // This takes the hub's lock: if a thread never gives it back, the watchdog notices.
                ServiceManager.status(statusLine)
                let (status, hub) = (server.status, server.hub.summary)
                let now = Clock.monotonic
                if trimming.shouldTrim(connections: status.connections, bytes: hub.bytes, now: now) {
                    ProcessMemory.trim()
                }
                crashRecovery?.removeClosed(log)
                nextStatus = now + Self.statusPeriod
            }
        }
    }

    /// Room in the kernel's table of descriptors from the start on; 512 KiB.
    private static let reservedDescriptors = 65_536

    /// Milliseconds that hooks have at the end for what waits.
    private static let patienceWithHooks: UInt64 = 2000

    /// Milliseconds between two status lines.
    private static let statusPeriod: UInt64 = 1000

    /// The turns of the event loops and of the thread that writes the history.
    var turns: [Int] { server.turns + backend.turns }

    /// Gives memory back that the daemon can do without, because the machine has too little.
    private func relieveMemory() {
        authority.forgetGrants()
        ProcessMemory.trim()
        log.notice("gave back memory, because there is little left")
    }

    private mutating func reload(_ poller: inout Poller) throws {
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
        let changed = new.needingRestart(from: initial)
        if !changed.isEmpty, !changed.contains(where: { $0.hasPrefix("history.") }) {
            // The program starts anew with all connections, and reads the file itself.
            return try restart(&poller)
        }
        do throws(HookProblem) { try Hooks.check(new.hooks) } catch {
            log.error("\(error)")
            return log.error("the new configuration has errors; the old one stays in force")
        }
        let access: AccessPolicy?
        do throws(KeyProblem) {
            access = try authority.apply(new.access, new.verification)
        } catch {
            log.error("\(error)")
            return log.error("the new configuration has errors; the old one stays in force")
        }
        for key in changed {
            log.warning("this setting changes after a restart only", metadata: ["key": "\(key)"])
        }
        awaitingRestart = changed
        settings = new
        do throws(HookProblem) { try server.hooks.apply(new.hooks) } catch { log.error("\(error)") }
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
        let deadline = Clock.monotonic + settings.drain + settings.shutdown + 2000
        ServiceManager.extendTimeout(milliseconds: settings.drain + settings.shutdown + 5000)
        while !server.hasEnded, Clock.monotonic < deadline {
            _ = try poller.wait(milliseconds: 20)
            // A second signal stops the daemon at once.
            if hasSignalToStop() { break }
            if watchdog.isDue(turns) { ServiceManager.alive() }
        }
        CrashRecovery.forget()
        if server.hasEnded { server.join() }
        authority.stop()
        server.hooks.stop(within: Self.patienceWithHooks)
        backend.stop()
        for path in unixPaths { Listener.removeSocketFile(path) }
        log.info("stopped")
    }

    /// Where the history is that is in force.
    var historyName: String { HistorySetup.name(initial) }

    /// Whether somebody wants the daemon to stop before it serves anybody.
    private static func isToStop(_ signals: borrowing Signals) -> Bool {
        signals.next().map { $0 == .terminate || $0 == .interrupt } ?? false
    }

    private mutating func nextSignal() -> Signal? { waitingSignals.popFirst() ?? signals.next() }

    /// Whether somebody has asked the daemon to stop meanwhile. All signals wait for ``nextSignal()``.
    mutating func hasSignalToStop() -> Bool {
        while let signal = signals.next() { waitingSignals.append(signal) }
        return waitingSignals.contains { $0 == .terminate || $0 == .interrupt }
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

    /// A log that goes to the journal or to standard error, and to `$crier/log`.
    private static func logger(_ level: LogLevel, _ channel: LogChannel) -> Logger {
        let level = Logger.Level(rawValue: level.rawValue) ?? .info
        return Logger(label: "crier") { _ in
            let first: any LogHandler = JournalLog.isConnected ? JournalLog(level: level) : TextLog(level: level)
            return MultiplexLogHandler([first, channel.handler(level: level)])
        }
    }
}
