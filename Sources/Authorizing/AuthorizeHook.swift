import Access
import Broadcasting
import Curl
import DequeModule
import Hooks
import Kernel
import Logging
import SystemPackage

/// Asks a program of the operator's whether callers without a token may subscribe, on threads of its own.
final class AuthorizeHook: SubscriptionDecider {
    typealias Answer = @Sendable (Result<Grant, TokenFault>) -> Void

    /// How many threads ask. Each asks many questions side by side, and then waits for the slowest answer.
    private static let threads = 16
    /// The most bytes of an answer.
    private static let answerLimit = 1 << 16

    private struct Waiting {
        let question: SubscriptionQuestion
        var answers: [Answer]
    }

    private struct State {
        /// Questions that nobody has asked yet, and those who want the answer.
        var waiting: [Hash: Waiting] = [:]
        /// The same, in the order in which they came.
        var order: Deque<Hash> = []
        /// How many want an answer, in all and of each client.
        var count = 0
        var clients: [String: Int] = [:]
        var limit: Int
        var cache: GrantCache
        var hasEnded = false
        /// Whether the program did not answer the last time.
        var isFailing = false

        mutating func forget(_ answers: Int, of client: String) {
            // After the end nobody counts.
            guard let before = clients[client] else { return }
            count -= answers
            clients[client] = before > answers ? before - answers : nil
        }
    }

    let settings: AccessSettings.Authorize
    let secret: HookSecret?
    private let rule: AccessRule
    private let state: Guarded<State>
    private let wakeup: Wakeup
    private let log: Logger

    init(
        _ settings: AccessSettings.Authorize, _ secret: HookSecret?, _ rule: AccessRule, _ limits: VerificationLimits,
        log: Logger
    ) throws(Errno) {
        self.settings = settings
        self.secret = secret
        self.rule = rule
        self.log = log
        state = Guarded(State(limit: limits.waiting, cache: GrantCache(limit: limits.cachedBytes)))
        wakeup = try Wakeup(addsUp: true)
        for _ in 0..<Self.threads { try Thread(named: "crier-authorize") { [self] in run() }.detach() }
    }

    /// Changes the limits.
    func apply(_ limits: VerificationLimits) {
        state.withLock { state in
            state.limit = limits.waiting
            state.cache.limit = limits.cachedBytes
        }
    }

    /// Forgets what it knows.
    func forgetGrants() { state.withLock { $0.cache = GrantCache(limit: $0.cache.limit) } }

    /// Ends the threads. Questions that wait get no answer any more but ``TokenFault/undecided``.
    func stop() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { (state.waiting, state.order, state.count, state.clients) = ([:], [], 0, [:]) }
            return state.waiting.values.flatMap(\.answers)
        }
        for answer in waiting { answer(.failure(.undecided)) }
        for _ in 0..<Self.threads { wakeup.notify() }
    }

    // MARK: Questions

    var fields: [String] { settings.fields }

    func knownGrant(_ question: SubscriptionQuestion, now: UInt64) -> Grant? {
        let hash = Hash(of: question.json)
        return state.withLock { $0.cache.find(hash, now: now) }
    }

    func ask(_ question: SubscriptionQuestion, now: UInt64, _ answer: @escaping Answer) -> Bool {
        let hash = Hash(of: question.json)
        let (isQueued, isNew) = state.withLock { state -> (Bool, Bool) in
            // One client must not take the room of all others.
            let share = max(8, state.limit / 4)
            guard !state.hasEnded, state.count < state.limit, state.clients[question.client, default: 0] < share else {
                return (false, false)
            }
            state.count += 1
            state.clients[question.client, default: 0] += 1
            if state.waiting[hash] != nil {
                state.waiting[hash]?.answers.append(answer)
                return (true, false)
            }
            state.waiting[hash] = Waiting(question: question, answers: [answer])
            state.order.append(hash)
            return (true, true)
        }
        if isNew { wakeup.notify() }
        return isQueued
    }

    // MARK: On a thread

    private func run() {
        while true {
            _ = wakeup.wait(milliseconds: -1)
            wakeup.clear()
            let (batch, hasEnded) = state.withLock { state -> ([(Hash, Waiting)], Bool) in
                var batch: [(Hash, Waiting)] = []
                while batch.count < Curl.limit, let hash = state.order.popFirst() {
                    if let waiting = state.waiting.removeValue(forKey: hash) { batch.append((hash, waiting)) }
                }
                return (batch, state.hasEnded)
            }
            if !batch.isEmpty { decide(batch) }
            if hasEnded { return }
        }
    }

    private func decide(_ batch: [(hash: Hash, waiting: Waiting)]) {
        let calls = batch.map { entry in
            let message = HookMessage("authorize", about: "", data: entry.waiting.question.json)
            return HTTPCall(message, to: settings.url, secret: secret)
        }
        Curl.perform(calls, within: settings.timeout, bodyLimit: Self.answerLimit) { number, reply in
            let (entry, now) = (batch[number], Clock.realtime)
            let result: Result<Grant, TokenFault>
            do throws(TokenFault) {
                let answer = try AuthorizeAnswer(reply, to: entry.waiting.question)
                let grant = Grant(name: answer.name, answer.rights, expiry: answer.expiry, by: rule)
                state.withLock { $0.cache.insert(entry.hash, grant, until: now + settings.cache) }
                result = .success(grant)
                note(nil)
            } catch {
                result = .failure(.undecided)
                note(reply.problem ?? "the answer is not the JSON that crier expects: \(error)")
            }
            state.withLock { $0.forget(entry.waiting.answers.count, of: entry.waiting.question.client) }
            for answer in entry.waiting.answers { answer(result) }
        }
    }

    /// Logs when the program begins to fail, and when it works again.
    private func note(_ problem: String?) {
        let isNews = state.withLock { state in
            defer { state.isFailing = problem != nil }
            return state.isFailing != (problem != nil)
        }
        guard isNews else { return }
        if let problem {
            log.warning("the program that decides about subscriptions does not work", metadata: ["error": "\(problem)"])
        } else {
            log.notice("the program that decides about subscriptions works again")
        }
    }
}
