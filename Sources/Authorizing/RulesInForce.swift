import Access

/// The rules of a configuration with the keys that they name.
struct RulesInForce: Sendable {
    let settings: AccessSettings
    /// What was read from the files with keys, by their places.
    let files: [String: [UInt8]]
    /// What was last read from each URL of a key set.
    let fetched: [String: [UInt8]]
    private(set) var keys = TokenKeys()
    private(set) var tokens: [(hash: Hash, grant: Grant)] = []
    /// What needs no credential.
    let anonymous: Grant
    /// What the users of this machine may do that need no token.
    let peers: Grant
    /// The rule behind the grants that a program gives.
    let authorize: AccessRule?
    /// Rules of grants from the process before that a key set at a URL may still bring.
    private(set) var awaited: [[UInt8]: AccessRule] = [:]
    /// All rules, by their fingerprints.
    private(set) var rules: [[UInt8]: AccessRule]

    /// No rules.
    init() {
        settings = AccessSettings()
        (files, fetched, rules) = ([:], [:], [:])
        anonymous = Grant(name: "", Rights(), by: AccessRule(fingerprint: []))
        peers = anonymous
        authorize = nil
    }

    /// - Parameter set: knows the rules before, and gets those of this configuration.
    init(
        _ settings: AccessSettings, files: [String: [UInt8]], fetched: [String: [UInt8]], _ set: inout RuleSet
    ) throws(KeyProblem) {
        self.settings = settings
        self.files = files
        self.fetched = fetched
        for jwt in settings.jwt {
            guard let bytes = files[jwt.place] ?? fetched[jwt.place] else {
                keys.isIncomplete = true
                continue
            }
            let rule = JWTRule(settings: jwt, scopes: settings.scopes, leeway: settings.leeway)
            let signing: [SigningKey]
            do throws(KeyProblem) { signing = try jwt.keys(bytes) } catch { throw KeyProblem("\(jwt.place): \(error)") }
            for key in signing {
                let access = set.rule(rule.fingerprint(key.material ?? bytes))
                keys.keys.append(TokenKeys.Key(key: key, rule: rule, access: access))
            }
        }
        for token in settings.tokens {
            var fingerprint = Fingerprint("token")
            fingerprint.add(token.hash)
            fingerprint.add(token.name)
            fingerprint.add(token.rights)
            let grant = Grant(name: token.name, token.rights, by: set.rule(fingerprint.bytes))
            tokens.append((Hash(digest: token.hash), grant))
        }
        anonymous = Self.grant("anonymous", settings.anonymous ?? Rights(), &set)
        let peer = settings.peer ?? AccessSettings.Peer()
        peers = Self.grant("peer \(peer.users) \(peer.groups)", peer.rights, &set)
        authorize = settings.authorize.map { authorize in
            var fingerprint = Fingerprint("authorize")
            fingerprint.add(authorize.url)
            return set.rule(fingerprint.bytes)
        }
        rules = set.rules
    }

    /// The grant of a static token; nil when it is none.
    func grant(_ hash: Hash) -> Grant? {
        // Compares with all of them, so that the time says nothing about which.
        var found: Grant?
        for (known, grant) in tokens where known == hash { found = grant }
        return found
    }

    /// The rule with a fingerprint. While a key set is still to come, one that may be among it; else one that is revoked.
    mutating func rule(_ fingerprint: [UInt8]) -> AccessRule {
        if let known = rules[fingerprint] ?? awaited[fingerprint] { return known }
        let rule = AccessRule(fingerprint: fingerprint)
        if keys.isIncomplete { awaited[fingerprint] = rule } else { rule.revoke() }
        return rule
    }

    /// Gives up rules that no key set can bring any more, when the last one has come.
    ///
    /// - Parameter before: has the rules that were awaited.
    /// - Returns: whether there was one.
    mutating func settleAwaited(from before: RulesInForce) -> Bool {
        let missing = before.awaited.filter { rules[$0.key] == nil }
        if keys.isIncomplete {
            awaited = missing
            return false
        }
        for rule in missing.values { rule.revoke() }
        return !missing.isEmpty
    }

    private static func grant(_ kind: String, _ rights: Rights, _ set: inout RuleSet) -> Grant {
        var fingerprint = Fingerprint(kind)
        fingerprint.add(rights)
        return Grant(name: "", rights, by: set.rule(fingerprint.bytes))
    }
}
