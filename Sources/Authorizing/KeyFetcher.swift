import Broadcasting
import Curl
import Kernel
import Logging
import SystemPackage

/// Fetches key sets from URLs, on a thread of its own, and again before they are stale.
///
/// It runs `curl`, so that the daemon needs no TLS client, and a stranger's server talks to another process.
final class KeyFetcher: Sendable {
    /// Milliseconds between two fetches while all is well.
    private static let period: UInt64 = 300_000
    /// Milliseconds before the next fetch, after one that failed or when a token names an unknown key: however many
    /// unknown keys come, they cost one fetch in this time.
    private static let pause: UInt64 = 30_000

    private struct State {
        var urls: Set<String> = []
        var install: @Sendable (String, [UInt8]) -> Void = { _, _ in }
        /// When the last fetch began, in milliseconds of the monotonic clock; nil before the first.
        var last: UInt64?
        /// When the next one is due.
        var next: UInt64 = .max
        var thread: JoinableThread?
        var hasEnded = false
    }

    private let state = Guarded(State())
    private let wakeup: Wakeup
    private let log: Logger

    init(log: Logger) throws(Errno) {
        wakeup = try Wakeup()
        self.log = log
    }

    /// Fetches these URLs now, and from then on regularly.
    ///
    /// - Parameter install: gets what came from a URL, on the thread.
    func watch(_ urls: Set<String>, _ install: @escaping @Sendable (String, [UInt8]) -> Void) {
        let needsThread = state.withLock { state in
            (state.urls, state.install) = (urls, install)
            state.next = urls.isEmpty ? .max : Clock.monotonic
            return !urls.isEmpty && state.thread == nil && !state.hasEnded
        }
        if needsThread {
            do throws(Errno) {
                let thread = JoinableThread(try Thread(named: "crier-keys") { [self] in run() })
                state.withLock { $0.thread = thread }
            } catch {
                log.error("key sets cannot be fetched: there is no room for a thread", metadata: ["error": "\(error)"])
            }
        }
        wakeup.notify()
    }

    /// A token names a key that is not known: fetches once the pause since the last fetch is over.
    func fetchSoon() {
        let isSooner = state.withLock { state in
            guard let last = state.last, last + Self.pause < state.next else { return false }
            state.next = last + Self.pause
            return true
        }
        if isSooner { wakeup.notify() }
    }

    /// Ends the thread.
    func stop() {
        let thread = state.withLock { state in
            state.hasEnded = true
            return state.thread
        }
        wakeup.notify()
        thread?.join()
    }

    private func run() {
        while true {
            let now = Clock.monotonic
            let (urls, install, next, hasEnded) = state.withLock { state in
                let isDue = state.next <= now
                if isDue { (state.last, state.next) = (now, now + Self.period) }
                return (isDue ? state.urls : [], state.install, state.next, state.hasEnded)
            }
            if hasEnded { return }
            for url in urls.sorted() {
                do throws(KeyProblem) {
                    install(url, try Self.fetch(url))
                } catch {
                    log.warning(
                        "a key set cannot be fetched; the last good one stays in force",
                        metadata: ["url": "\(url)", "error": "\(error)"])
                    state.withLock { $0.next = min($0.next, now + Self.pause) }
                }
            }
            if urls.isEmpty {
                _ = wakeup.wait(milliseconds: next == .max ? -1 : Int(clamping: next - now))
                wakeup.clear()
            }
        }
    }

    /// Milliseconds that a fetch may take.
    private static let timeout: UInt64 = 10_000

    private static func fetch(_ url: String) throws(KeyProblem) -> [UInt8] {
        let call = HTTPCall(get: url, fields: [("Accept", "application/json")])
        let reply = Curl.perform([call], within: timeout, bodyLimit: KeySet.limit)[0]
        guard case .answered(200..<300, let body) = reply else { throw KeyProblem(reply.problem ?? "curl failed") }
        return body
    }
}
