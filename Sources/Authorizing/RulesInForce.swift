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
    /// All rules, by their fingerprints.
    let rules: [[UInt8]: AccessRule]

    /// No rules.
    init() {
        settings = AccessSettings()
        (files, fetched, rules) = ([:], [:], [:])
        anonymous = Grant(name: "", Rights(), by: AccessRule(fingerprint: []))
        peers = anonymous
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
        rules = set.rules
    }

    /// The grant of a static token; nil when it is none.
    func grant(_ hash: Hash) -> Grant? {
        // Compares with all of them, so that the time says nothing about which.
        var found: Grant?
        for (known, grant) in tokens where known == hash { found = grant }
        return found
    }

    private static func grant(_ kind: String, _ rights: Rights, _ set: inout RuleSet) -> Grant {
        var fingerprint = Fingerprint(kind)
        fingerprint.add(rights)
        return Grant(name: "", rights, by: set.rule(fingerprint.bytes))
    }
}
