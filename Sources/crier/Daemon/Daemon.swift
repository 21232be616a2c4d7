import ArgumentParser
import Broadcasting
import Configuring
import Kernel
import Logging
import Serving
import Storing
import Supervising
import SystemPackage

/// `crier serve` from start to end. Its thread supervises; the loops have threads of their own.
struct Daemon: ~Copyable {
    private let options: SettingsOptions
    private let listen: [String]
    private var settings: Settings
    private let signals: Signals
    private let log: Logger
    private let server: Server
    private let store: Store?
    private var watch: LoopWatch
    private let descriptorLimit: Int
    private let unixPaths: [String]

    /// Opens the listening sockets and starts the loops.
    init(_ options: SettingsOptions, listen: [String]) throws {
        // Before any thread starts: each inherits that these are blocked.
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
        var doorway = Doorway(settings)
        do throws(Doorway.Failure) {
            try doorway.open()
        } catch {
            log.error("\(error.description)")
            throw ExitCode.failure
        }
        let unixPaths = doorway.unixPaths
        let places = doorway.places
        let loops = settings.loops == 0 ? min(64, ProcessLimits.processors) : settings.loops
        let server: Server
        let store: Store?
        do throws(Cellar.Failure) {
            let cellar = try Cellar(settings, log)
            server = try cellar.server(
                loops: loops, listeners: doorway.listeners(), settings,
                serving: settings.serving(descriptors: descriptorLimit))
            store = cellar.store
        } catch {
            log.error("\(error.description)")
            throw ExitCode.failure
        }
        self.store = store
        self.options = options
        self.listen = listen
        self.signals = signals
        self.settings = settings
        self.log = log
        self.descriptorLimit = descriptorLimit
        self.unixPaths = unixPaths
        self.server = server
        watch = LoopWatch(period: ServiceManager.watchdog.map { $0 / 2 })
        for place in places { log.info("listening", metadata: ["address": "\(place)"]) }
    }

    /// Supervises until a signal says stop, or a loop fails.
    mutating func run() throws {
        var poller = try Poller(capacity: 8)
        try poller.watchInput(signals.descriptor, token: 0)
        ServiceManager.ready(status: statusLine)
        log.info("ready", metadata: ["version": "\(Crier.version)", "epoch": "\(server.hub.epoch)"])
        var ebb = Ebb()
        var nextStatus = Clock.monotonic + Self.statusPeriod
        while true {
            _ = try poller.wait(milliseconds: watch.wait(atMost: Self.statusPeriod))
            while let signal = signals.next() {
                if signal == .hangUp { reload() } else { return try stop(signal, &poller) }
            }
            if let error = server.error {
                log.critical("stopping, since a loop failed", metadata: ["error": "\(error)"])
                throw ExitCode.failure
            }
            if watch.isDue(server.turns) { ServiceManager.alive() }
            if Clock.monotonic >= nextStatus {
                ServiceManager.status(statusLine)
                let (status, hub) = (server.status, server.hub.summary)
                let now = Clock.monotonic
                if ebb.isLow(connections: status.connections, bytes: hub.bytes, now: now) { ProcessMemory.giveBack() }
                nextStatus = now + Self.statusPeriod
            }
        }
    }

    /// Milliseconds between two status lines.
    private static let statusPeriod: UInt64 = 1000

    private var statusLine: String {
        let status = server.status
        let hub = server.hub.summary
        return "\(status.subscribers) subscribers, \(hub.channels) channels, \(status.published) events published, "
            + "\(status.delivered) delivered, \(status.connections) connections, "
            + "\(status.closed[CloseReason.slow.rawValue]) closed as too slow, "
            + "\(status.skips) times made to skip events"
    }

    private mutating func reload() {
        ServiceManager.reloading(monotonicMicroseconds: Clock.monotonicMicroseconds)
        defer { ServiceManager.ready(status: statusLine) }
        let new: Settings
        do throws(SettingsOptions.Mistakes) {
            new = try options.load(listen: listen)
        } catch {
            for line in error.lines { log.error("\(line)") }
            return log.error("the configuration was not reloaded, since it has mistakes; the old one stays in force")
        }
        for key in new.needingRestart(from: settings) {
            log.warning("this setting changes with a restart only", metadata: ["key": "\(key)"])
        }
        settings = new
        server.apply(new.serving(descriptors: descriptorLimit), new.history)
        log.info("reloaded")
    }

    private mutating func stop(_ signal: Signal, _ poller: inout Poller) throws {
        log.info("stopping", metadata: ["signal": "\(signal)"])
        ServiceManager.stopping(status: "seeing off \(server.status.subscribers) subscribers")
        server.drain()
        // The loops keep their deadline themselves; the grace is for a loop that hangs.
        let deadline = Clock.monotonic + settings.shutdown + 2000
        while !server.hasEnded, Clock.monotonic < deadline {
            _ = try poller.wait(milliseconds: 20)
            // A second signal means now.
            if let again = signals.next(), again != .hangUp { break }
            if watch.isDue(server.turns) { ServiceManager.alive() }
        }
        if server.hasEnded { server.join() }
        store?.stop()
        for path in unixPaths { Listener.removeSocketFile(path) }
        log.info("stopped")
    }

    private static func logger(_ level: LogLevel) -> Logger {
        let level = Logger.Level(rawValue: level.rawValue) ?? .info
        return Logger(label: "crier") { _ in
            if JournalLog.isConnected { JournalLog(level: level) } else { TextLog(level: level) }
        }
    }
}
