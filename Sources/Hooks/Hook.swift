import Broadcasting
import Curl
import Kernel
import Logging
import SystemPackage

/// One hook: its queue, and the thread that delivers what is in it. A target that is slow or down costs its own queue.
final class Hook: Sendable {
    /// Milliseconds that every message may wait for its first attempt, however short ``HookSettings/keep`` is.
    private static let leastPatience: UInt64 = 60_000

    let settings: HookSettings
    let secret: HookSecret?
    private let queue: HookQueue
    private let counts: HookCounts
    private let wakeup: Wakeup
    /// Notified when the thread ends.
    private let ended: Wakeup
    private let log: Logger
    /// When the thread must have ended, in milliseconds of the monotonic clock; nil while the hook is in use.
    private let end = Guarded<UInt64?>(nil)

    init(_ settings: HookSettings, _ secret: HookSecret?, _ counts: HookCounts, _ log: Logger) throws(Errno) {
        self.settings = settings
        self.secret = secret
        self.counts = counts
        self.log = log
        queue = HookQueue(limit: settings.queue)
        wakeup = try Wakeup()
        ended = try Wakeup()
    }

    /// Starts the thread.
    func start() throws(Errno) {
        try Thread(named: "crier-hook") { [self] in
            run()
            ended.notify()
        }.detach()
    }

    /// Adds a message, or drops it when there is no room.
    func add(_ message: HookMessage) {
        if queue.add(message) { wakeup.notify() } else { counts.add(dropped: 1) }
    }

    /// How many messages wait.
    var waiting: Int { queue.count }

    /// Delivers what waits, once, and then ends the thread.
    ///
    /// - Parameter milliseconds: that this may take.
    func stop(within milliseconds: UInt64) {
        end.withLock { $0 = Clock.monotonic + milliseconds }
        wakeup.notify()
    }

    /// Waits for the end of the thread, until a time of the monotonic clock at most, and forgets what is left.
    func waitForEnd(until deadline: UInt64) {
        let now = Clock.monotonic
        _ = ended.wait(milliseconds: deadline > now ? Int(deadline - now) : 0)
        close()
    }

    private func close() {
        let lost = queue.close()
        guard lost > 0 else { return }
        counts.add(dropped: lost)
        log.warning("messages for a hook are lost", metadata: ["hook": "\(name)", "messages": "\(lost)"])
    }

    // MARK: On the thread

    private func run() {
        /// Outages since the last message that arrived.
        var outages = 0
        /// Whether the last attempt failed.
        var isFailing = false
        while true {
            let end = end.withLock { $0 }
            if let end, Clock.monotonic >= end || isFailing || queue.next != 0 { break }
            let batch = takeFresh()
            guard !batch.isEmpty else {
                wait()
                continue
            }
            let left = end.map { max($0, Clock.monotonic + 1) - Clock.monotonic } ?? .max
            let outcomes = deliver(batch, within: min(settings.timeout, left))
            for (message, outcome) in zip(batch, outcomes) { settle(message, outcome) }
            note(outcomes, &isFailing)
            if outcomes.contains(.gone) {
                log.warning("a hook answers 410 and gets nothing more until a reload", metadata: ["hook": "\(name)"])
                break
            }
            let isOutage = outcomes.allSatisfy { if case .failed(_, isOutage: true) = $0 { true } else { false } }
            outages = isOutage ? outages + 1 : 0
            if isOutage { pause(after: outages) }
        }
        close()
    }

    private func settle(_ message: HookMessage, _ outcome: HookOutcome) {
        switch outcome {
        case .delivered:
            queue.delivered(message)
            counts.add(delivered: 1)
        case .failed:
            queue.failed(message, now: Clock.monotonic)
            counts.add(failed: 1)
        case .refused, .gone:
            queue.delivered(message)
            counts.add(failed: 1, dropped: 1)
        }
    }

    /// Logs when the hook begins to fail, and when it works again.
    private func note(_ outcomes: [HookOutcome], _ isFailing: inout Bool) {
        if let problem = outcomes.lazy.compactMap(\.problem).first {
            if !isFailing {
                log.warning("a hook does not work", metadata: ["hook": "\(name)", "error": "\(problem)"])
            }
            isFailing = true
        } else if isFailing {
            log.notice("a hook works again", metadata: ["hook": "\(name)"])
            isFailing = false
        }
    }

    /// Takes the next messages that are not too old.
    private func takeFresh() -> [HookMessage] {
        while true {
            let batch = queue.takeBatch(isCommand ? 1 : Curl.limit, now: Clock.monotonic)
            let now = Clock.realtime
            let fresh = batch.filter { message in
                let patience = message.hasFailed ? settings.keep : max(settings.keep, Self.leastPatience)
                if now < message.time + patience { return true }
                queue.delivered(message)
                counts.add(dropped: 1)
                return false
            }
            if !fresh.isEmpty || batch.isEmpty { return fresh }
        }
    }

    /// Waits until a message may go out.
    private func wait() {
        let now = Clock.monotonic
        let milliseconds = queue.next.map { $0 > now ? Int(clamping: $0 - now) : 0 } ?? -1
        _ = wakeup.wait(milliseconds: milliseconds)
        wakeup.clear()
    }

    /// Waits longer after each outage, unless the hook is stopped.
    private func pause(after outages: Int) {
        let until = Clock.monotonic + HookPause.milliseconds(after: outages)
        while end.withLock({ $0 }) == nil {
            let now = Clock.monotonic
            guard now < until else { return }
            _ = wakeup.wait(milliseconds: Int(until - now))
            wakeup.clear()
        }
    }

    private var isCommand: Bool { if case .command = settings.target { true } else { false } }

    private func deliver(_ batch: [HookMessage], within milliseconds: UInt64) -> [HookOutcome] {
        switch settings.target {
        case .url(let url):
            let calls = batch.map { HTTPCall($0, to: url, secret: secret) }
            return Curl.perform(calls, within: milliseconds, bodyLimit: 0).map(HookOutcome.init)
        case .command(let words): return batch.map { Self.run(words, $0, within: milliseconds) }
        }
    }

    private static func run(_ words: [String], _ message: HookMessage, within milliseconds: UInt64) -> HookOutcome {
        do throws(Errno) {
            let input = try MemoryFile(named: "crier-message", contents: message.body + [0x0A])
            let child = try ChildProcess(
                words[0], Array(words.dropFirst()), input: input, outputLimit: 1 << 16, within: milliseconds)
            guard let code = child.code else {
                return .failed("the command was killed, or took too long", isOutage: false)
            }
            guard code != 0 else { return .delivered }
            let line = String(decoding: child.error, as: UTF8.self).split(separator: "\n").last
                .map { ": \($0.prefix(200))" }
            return .failed("the command ended with \(code)\(line ?? "")", isOutage: false)
        } catch {
            return .failed("the command cannot be run: \(error)", isOutage: true)
        }
    }

    /// How the log names it.
    private var name: String {
        switch settings.target {
        case .url(let url): url.withoutCredentials
        case .command(let words): words[0]
        }
    }
}
