public import Access
import Broadcasting
import Hooks
import Kernel
public import Logging
import Synchronization
public import SystemPackage

/// Decides who gets which grant, by the rules of the configuration. It keeps the keys and remembers verified tokens.
public final class Authority: TokenVerifier {
    private let inForce = Guarded(RulesInForce())
    /// Serializes changes of the rules; readers do not wait for the work of a change.
    private let changing = Mutex(())
    private let cache: Guarded<GrantCache>
    private let pool: VerifierPool
    private let fetcher: KeyFetcher
    private let log: Logger
    private let decider = Guarded<AuthorizeHook?>(nil)
    private let rulesEnded = Guarded<@Sendable () -> Void>({})

    /// Starts the threads that verify tokens and fetch keys.
    ///
    /// - Parameter threads: how many verify, 1 or more.
    /// - Throws: `Errno` when the process lacks descriptors or threads.
    public init(threads: Int, limits: VerificationLimits, log: Logger) throws(Errno) {
        cache = Guarded(GrantCache(limit: limits.cachedBytes))
        pool = try VerifierPool(threads: threads, limit: limits.waiting)
        fetcher = try KeyFetcher(log: log)
        self.log = log
    }

    /// Calls this, on another thread, when a key set at a URL has lost a key, so that grants have ended.
    public func whenRulesEnd(_ body: @escaping @Sendable () -> Void) { rulesEnded.withLock { $0 = body } }

    /// What a daemon with these rules would say of a token.
    ///
    /// - Throws: the problem with a key.
    public static func verdict(
        on token: [UInt8], _ settings: AccessSettings, now: UInt64
    ) throws(KeyProblem) -> Result<Grant, TokenFault> {
        var set = RuleSet()
        let rules = try RulesInForce(settings, files: try files(settings), fetched: [:], &set)
        if let grant = rules.grant(Hash(of: token)) { return .success(grant) }
        do throws(TokenFault) { return .success(try rules.keys.grant(token, now: now) {}) } catch {
            return .failure(error)
        }
    }

    /// Forgets verified tokens; each is verified again when it comes again.
    public func forgetGrants() {
        cache.withLock { $0 = GrantCache(limit: $0.limit) }
        decider.withLock { $0 }?.forgetGrants()
    }

    /// Ends the threads.
    public func stop() {
        fetcher.stop()
        pool.stop()
        decider.withLock { $0 }?.stop()
    }

    // MARK: Rules

    /// Reads the keys and puts rules in force. Grants by rules that are no longer among them end.
    ///
    /// - Returns: the policy; nil when there are no rules, so that nobody needs a credential.
    /// - Throws: the problem with a key or a name; then the rules before stay in force.
    public func apply(_ settings: AccessSettings, _ limits: VerificationLimits) throws(KeyProblem) -> AccessPolicy? {
        let files = try Self.files(settings)
        let users = try Self.numbers(settings.peer?.users ?? [], "users", Account.user)
        let groups = try Self.numbers(settings.peer?.groups ?? [], "groups", Account.group)
        let secret = try Self.secret(settings)
        let urls = Set(settings.jwt.compactMap(\.url))
        _ = try change { before throws(KeyProblem) in
            (settings, files, before.fetched.filter { urls.contains($0.key) })
        }
        pool.apply(limit: limits.waiting)
        cache.withLock { $0.limit = limits.cachedBytes }
        fetcher.watch(urls) { [weak self] url, bytes in self?.install(bytes, from: url) }
        let decider = try decider(settings.authorize, secret, limits)
        guard settings.isInForce else { return nil }
        let (anonymous, peers) = inForce.withLock { ($0.anonymous, $0.peers) }
        return AccessPolicy(
            cookie: settings.cookie.map { Array($0.utf8) }, allowsQueryToken: settings.allowsQueryToken,
            anonymous: anonymous,
            peers: settings.peer == nil ? nil : AccessPolicy.Peers(users: users, groups: groups, grant: peers),
            verifier: self, decider: decider)
    }

    /// The object that asks the program of the configuration. It stays the same as long as its settings do.
    private func decider(
        _ settings: AccessSettings.Authorize?, _ secret: HookSecret?, _ limits: VerificationLimits
    ) throws(KeyProblem) -> AuthorizeHook? {
        let before = decider.withLock { $0 }
        if let before, before.settings == settings, before.secret == secret {
            before.apply(limits)
            return before
        }
        var next: AuthorizeHook?
        if let settings, let rule = inForce.withLock({ $0.authorize }) {
            do throws(Errno) {
                next = try AuthorizeHook(settings, secret, rule, limits, log: log)
            } catch {
                throw KeyProblem("access.authorize: there is no room for a thread: \(error)")
            }
        }
        decider.withLock { $0 = next }
        before?.stop()
        return next
    }

    private static func secret(_ settings: AccessSettings) throws(KeyProblem) -> HookSecret? {
        do throws(HookProblem) { return try HookSecret.read(settings.authorize?.secret) } catch {
            throw KeyProblem(error.description)
        }
    }

    /// Reads the keys that some rules name, and puts nothing in force.
    ///
    /// - Throws: the problem with a key.
    public static func check(_ settings: AccessSettings) throws(KeyProblem) {
        var set = RuleSet()
        _ = try numbers(settings.peer?.users ?? [], "users", Account.user)
        _ = try numbers(settings.peer?.groups ?? [], "groups", Account.group)
        _ = try secret(settings)
        _ = try RulesInForce(settings, files: try files(settings), fetched: [:], &set)
    }

    private static func files(_ settings: AccessSettings) throws(KeyProblem) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for jwt in settings.jwt where jwt.url == nil {
            do throws(SecretFile.Unreadable) {
                files[jwt.place] = try SecretFile.read(jwt.place)
            } catch {
                throw KeyProblem(error.description)
            }
        }
        return files
    }

    private static func numbers(
        _ names: [String], _ kind: String, _ number: (String) -> UInt32?
    ) throws(KeyProblem) -> Set<UInt32> {
        var numbers: Set<UInt32> = []
        for name in names {
            guard let number = number(name) else { throw KeyProblem("access.peer.\(kind): there is no \"\(name)\"") }
            numbers.insert(number)
        }
        return numbers
    }

    /// Replaces the rules in force.
    ///
    /// - Parameter next: the settings, the files and the key sets of the next ones.
    /// - Returns: whether a rule has ended.
    private func change(
        _ next: (RulesInForce) throws(KeyProblem) -> (
            AccessSettings, files: [String: [UInt8]], fetched: [String: [UInt8]]
        )
    ) throws(KeyProblem) -> Bool {
        let outcome = changing.withLock { _ -> Result<Bool, KeyProblem> in
            do throws(KeyProblem) {
                let before = inForce.withLock { $0 }
                let (settings, files, fetched) = try next(before)
                var set = RuleSet(replacing: before.rules.merging(before.awaited) { known, _ in known })
                var rules = try RulesInForce(settings, files: files, fetched: fetched, &set)
                let hasLost = rules.settleAwaited(from: before)
                inForce.withLock { $0 = rules }
                return .success(set.revokeOthers(but: rules.awaited) || hasLost)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Puts the keys of a set in force that was fetched from a URL. The last good set stays when this one is bad.
    private func install(_ bytes: [UInt8], from url: String) {
        do throws(KeyProblem) {
            let hasLost = try change { before throws(KeyProblem) in
                (before.settings, before.files, before.fetched.merging([url: bytes]) { $1 })
            }
            log.info("fetched a key set", metadata: ["url": "\(url)"])
            if hasLost { rulesEnded.withLock { $0 }() }
        } catch {
            log.error(
                "a key set is not valid; the last good one stays in force",
                metadata: ["url": "\(url)", "error": "\(error)"])
        }
    }

    /// The rule in force with a fingerprint, for a grant of the process before; or one that is revoked. As long as a key set
    /// at a URL has not come, a rule that may be among it stays in force.
    public func rule(_ fingerprint: [UInt8]) -> AccessRule {
        changing.withLock { _ in inForce.withLock { $0.rule(fingerprint) } }
    }

    // MARK: Tokens

    /// See ``Access/TokenVerifier``.
    public func knownGrant(_ token: [UInt8], now: UInt64) -> Grant? {
        knownGrant(Hash(of: token), now: now)
    }

    private func knownGrant(_ hash: Hash, now: UInt64) -> Grant? {
        inForce.withLock { $0.grant(hash) } ?? cache.withLock { $0.find(hash, now: now) }
    }

    /// See ``Access/TokenVerifier``.
    public func verify(
        _ token: [UInt8], now: UInt64, _ answer: @escaping @Sendable (Result<Grant, TokenFault>) -> Void
    ) -> Bool {
        pool.submit { [self] in answer(verdict(token, now: now)) }
    }

    /// The grant of a token, found on the calling thread.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func verdict(_ token: [UInt8], now: UInt64) -> Result<Grant, TokenFault> {
        let hash = Hash(of: token)
        // Many clients may come with one token at once.
        if let known = knownGrant(hash, now: now) { return .success(known) }
        let keys = inForce.withLock { $0.keys }
        do throws(TokenFault) {
            let grant = try keys.grant(token, now: now) { fetcher.fetchSoon() }
            cache.withLock { $0.insert(hash, grant) }
            return .success(grant)
        } catch {
            return .failure(error)
        }
    }
}
