import Broadcasting
import Curl
import Kernel
import Logging
import SystemPackage

/// One hook: its queue, and the thread that delivers what is in it. A target that is slow or down costs its own queue.
final class Hook: Sendable {
    /// The longest pause after a failure, in milliseconds.
    private static let longestPause: UInt64 = 300_000

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
        let (isAdded, isFirst) = queue.add(message)
        if !isAdded { counts.add(dropped: 1) }
        if isFirst { wakeup.notify() }
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

    /// Waits for the end of the thread, until a time of the monotonic clock at most: curl may take longer.
    func waitForEnd(until deadline: UInt64) {
        let now = Clock.monotonic
        _ = ended.wait(milliseconds: deadline > now ? Int(deadline - now) : 0)
    }

    // MARK: On the thread

    private func run() {
        /// Failures since the last success.
        var failures = 0
        while true {
            let end = end.withLock { $0 }
            if let end, Clock.monotonic >= end || failures > 0 || queue.count == 0 { break }
            let batch = takeFresh()
            guard !batch.isEmpty else {
                _ = wakeup.wait(milliseconds: -1)
                wakeup.clear()
                continue
            }
            let left = end.map { max($0, Clock.monotonic + 1) - Clock.monotonic } ?? .max
            let problems = deliver(batch, within: min(settings.timeout, left))
            let failed = zip(batch, problems).filter { $1 != nil }
            queue.putBack(failed.map(\.0))
            counts.add(delivered: batch.count - failed.count, failed: failed.count)
            guard let problem = failed.first?.1 else {
                if failures > 0 { log.notice("a hook works again", metadata: ["hook": "\(name)"]) }
                failures = 0
                continue
            }
            if failures == 0 {
                log.warning("a hook does not work", metadata: ["hook": "\(name)", "error": "\(problem)"])
            }
            failures += 1
            if self.end.withLock({ $0 }) == nil { pause(after: failures) }
        }
        let lost = queue.close()
        guard lost > 0 else { return }
        counts.add(dropped: lost)
        log.warning("messages for a hook are lost", metadata: ["hook": "\(name)", "messages": "\(lost)"])
    }

    /// Takes the next messages that are not too old.
    private func takeFresh() -> [HookMessage] {
        let batch = queue.takeBatch(isCommand ? 1 : Curl.limit)
        let now = Clock.realtime
        let fresh = batch.filter { now < $0.time + settings.keep }
        counts.add(dropped: batch.count - fresh.count)
        return fresh.isEmpty && !batch.isEmpty ? takeFresh() : fresh
    }

    /// Waits longer after each failure, unless the hook is stopped.
    private func pause(after failures: Int) {
        let pause = min(Self.longestPause, 1000 << UInt64(min(failures - 1, 10)))
        let until = Clock.monotonic + UInt64.random(in: pause / 2...pause * 3 / 2)
        while end.withLock({ $0 }) == nil {
            let now = Clock.monotonic
            guard now < until else { return }
            _ = wakeup.wait(milliseconds: Int(until - now))
            wakeup.clear()
        }
    }

    private var isCommand: Bool { if case .command = settings.target { true } else { false } }

    /// - Returns: why each message has not arrived; nil for one that has.
    private func deliver(_ batch: [HookMessage], within milliseconds: UInt64) -> [String?] {
        switch settings.target {
        case .url(let url):
            let calls = batch.map { HTTPCall($0, to: url, secret: secret) }
            return Curl.perform(calls, within: milliseconds, bodyLimit: 0).map(\.problem)
        case .command(let words):
            return batch.map { Self.run(words, $0, within: milliseconds) }
        }
    }

    private static func run(_ words: [String], _ message: HookMessage, within milliseconds: UInt64) -> String? {
        do throws(Errno) {
            let input = try MemoryFile(named: "crier-message")
            try input.append(message.body + [0x0A])
            try input.rewind()
            let child = try ChildProcess(
                words[0], Array(words.dropFirst()), input: input, outputLimit: 1 << 16, within: milliseconds)
            guard let code = child.code else { return "the command was killed, or took too long" }
            guard code != 0 else { return nil }
            let line = String(decoding: child.error, as: UTF8.self).split(separator: "\n").last.map { ": \($0)" }
            return "the command ended with \(code)\(line ?? "")"
        } catch {
            return "the command cannot be run: \(error)"
        }
    }

    /// How the log names it.
    private var name: String {
        switch settings.target {
        case .url(let url): url.split(separator: "?").first.map(String.init) ?? url
        case .command(let words): words[0]
        }
    }
}
