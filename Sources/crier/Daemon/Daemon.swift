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
    private let log: Logger
    private let server: Server
    private let store: Store?
    private let authority: Authority
    private var watchdog: LoopWatchdog
    private let descriptorLimit: Int
    private let unixPaths: [String]

    /// Opens the listening sockets and starts the loops.
    init(_ options: SettingsOptions, listen: [String]) throws {
        // Before any thread starts: new threads inherit the blocked signals.
        let signals = try Signals(collecting: [.terminate, .interrupt, .hangUp])
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
        var listeners = ListenerSetup(settings)
        do throws(ListenerSetup.Failure) {
            try listeners.open()
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
                loops: loops, listeners: listeners.sockets(), settings,
                serving: settings.serving(descriptors: descriptorLimit, access: access))
            store = history.store
        } catch {
            log.error("\(error.description)")
            throw ExitCode.failure
        }
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
        watchdog = LoopWatchdog(period: ServiceManager.watchdog.map { $0 / 2 })
        for address in addresses { log.info("listening", metadata: ["address": "\(address)"]) }
    }

    /// Supervises the loops until a signal stops the daemon or a loop fails.
    mutating func run() throws {
        var poller = try Poller(capacity: 8)
        try poller.watchInput(signals.descriptor, token: 0)
        ServiceManager.ready(status: statusLine)
        log.info("ready", metadata: ["version": "\(Crier.version)", "epoch": "\(server.hub.epoch)"])
        var trimming = MemoryTrimming()
        var nextStatus = Clock.monotonic + Self.statusPeriod
        while true {
            _ = try poller.wait(milliseconds: watchdog.wait(atMost: Self.statusPeriod))
            while let signal = signals.next() {
                if signal == .hangUp { reload() } else { return try stop(signal, &poller) }
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
        ServiceManager.stopping(status: "disconnecting \(server.status.subscribers) subscribers")
        server.drain()
        // The loops enforce the shutdown time themselves; the extra 2 s are for a loop that hangs.
        let deadline = Clock.monotonic + settings.shutdown + 2000
        while !server.hasEnded, Clock.monotonic < deadline {
            _ = try poller.wait(milliseconds: 20)
            // A second signal stops the daemon at once.
            if let again = signals.next(), again != .hangUp { break }
            if watchdog.isDue(server.turns) { ServiceManager.alive() }
        }
        if server.hasEnded { server.join() }
        authority.stop()
        store?.stop()
        for path in unixPaths { Listener.removeSocketFile(path) }
        log.info("stopped")
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
