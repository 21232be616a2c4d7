import Access
import Broadcasting

// The tables [access.anonymous], [access.peer], [[access.jwt]], [[access.token]] and [[access.scope]] of the file.
extension Configuration {
    /// Reads a key of `[access.anonymous]` or `[access.peer]`.
    ///
    /// - Returns: whether it is one.
    mutating func readRights(_ entry: Document.Entry, _ document: Document) -> Bool {
        let parts = entry.path.split(separator: ".").map(String.init)
        guard parts.count == 3, parts[0] == "access", ["anonymous", "authorize", "peer"].contains(parts[1]) else {
            return false
        }
        do throws(InvalidValue) {
            if parts[1] == "authorize" {
                try setAuthorize(parts[2], entry.value)
            } else if parts[1] == "anonymous" {
                var rights = settings.access.anonymous ?? Rights()
                try Self.set(&rights, parts[2], entry.value)
                settings.access.anonymous = rights
            } else {
                var peer = settings.access.peer ?? AccessSettings.Peer()
                switch parts[2] {
                case "users": peer.users = try entry.value.strings()
                case "groups": peer.groups = try entry.value.strings()
                default: try Self.set(&peer.rights, parts[2], entry.value)
                }
                settings.access.peer = peer
            }
        } catch {
            add(document.place(entry.path), entry.path, error.description)
        }
        return true
    }

    private mutating func setAuthorize(_ key: String, _ value: Value) throws(InvalidValue) {
        var authorize = settings.access.authorize ?? AccessSettings.Authorize(url: "")
        switch key {
        case "url":
            let url = try Self.keySet(value)
            guard url.contains("://") else { throw InvalidValue("must be a URL") }
            authorize.url = url
        case "secret": authorize.secret = try value.string()
        case "fields": authorize.fields = try value.strings().map { $0.lowercased() }
        case "timeout": authorize.timeout = try value.duration(100...60_000)
        case "cache": authorize.cache = try value.duration(0...86_400_000)
        default: throw InvalidValue("there is no such key")
        }
        settings.access.authorize = authorize
    }

    mutating func readAccessRules(_ document: Document) {
        settings.access.jwt = tables("access.jwt", document) { entries throws(InvalidValue) in try Self.jwt(entries) }
        settings.access.tokens = tables("access.token", document) { entries throws(InvalidValue) in
            try Self.token(entries)
        }
        settings.access.scopes = tables("access.scope", document) { entries throws(InvalidValue) in
            try Self.scope(entries)
        }
        if settings.access.authorize?.url == "" {
            add(document.place("access.authorize"), "access.authorize.url", "is missing")
        }
        let names = settings.access.tokens.map(\.name)
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            add(document.place("access.token[\(index)]"), "access.token[\(index)].name", "there is another \"\(name)\"")
        }
        if names.count > AccessSettings.tokenLimit {
            add(document.place("access.token"), "access.token", "there are more than \(AccessSettings.tokenLimit)")
        }
    }

    /// Reads the tables of an array, and reports the first error of each.
    mutating func tables<Table>(
        _ path: String, _ document: Document, _ read: ([Document.Entry]) throws(InvalidValue) -> Table
    ) -> [Table] {
        var tables: [Table] = []
        for (index, entries) in (document.lists[path] ?? []).enumerated() {
            do throws(InvalidValue) {
                tables.append(try read(entries))
            } catch {
                let key = entries.first { error.description.hasPrefix("\($0.path): ") }?.path
                let place = document.place("\(path)[\(index)]" + (key.map { ".\($0)" } ?? ""))
                add(place, "\(path)[\(index)]", error.description)
            }
        }
        return tables
    }

    /// Sets a value and puts the name of the key before an error.
    static func named(_ entry: Document.Entry, _ set: () throws(InvalidValue) -> Void) throws(InvalidValue) {
        do throws(InvalidValue) { try set() } catch { throw InvalidValue("\(entry.path): \(error)") }
    }

    private static func set(_ rights: inout Rights, _ key: String, _ value: Value) throws(InvalidValue) {
        switch key {
        case "subscribe": rights.subscribe = try patterns(value)
        case "publish": rights.publish = try patterns(value)
        case "admin": rights.isAdmin = try value.flag()
        default: throw InvalidValue("there is no such key")
        }
    }

    private static func patterns(_ value: Value) throws(InvalidValue) -> [ChannelPattern] {
        var patterns: [ChannelPattern] = []
        for text in try value.strings() {
            do throws(ChannelPattern.Invalid) {
                patterns.append(try ChannelPattern(text))
            } catch {
                throw InvalidValue("\"\(text)\": \(error)")
            }
        }
        return patterns
    }

    private static func token(_ entries: [Document.Entry]) throws(InvalidValue) -> AccessSettings.Token {
        var token = AccessSettings.Token(name: "", hash: [], rights: Rights())
        for entry in entries {
            try named(entry) { () throws(InvalidValue) in
                switch entry.path {
                case "name": token.name = try entry.value.string()
                case "sha256": token.hash = try hash(entry.value)
                default: try set(&token.rights, entry.path, entry.value)
                }
            }
        }
        guard !token.name.isEmpty else { throw InvalidValue("name is missing") }
        guard !token.hash.isEmpty else { throw InvalidValue("sha256 is missing; `crier token hash` prints it") }
        return token
    }

    private static func hash(_ value: Value) throws(InvalidValue) -> [UInt8] {
        let digits = Array(try value.string().utf8)
        let bytes = stride(from: 0, to: digits.count - digits.count % 2, by: 2).compactMap { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16)
        }
        guard digits.count == 64, bytes.count == 32 else {
            throw InvalidValue("must be the 64 hexadecimal digits that `crier token hash` prints")
        }
        return bytes
    }

    private static func scope(_ entries: [Document.Entry]) throws(InvalidValue) -> AccessSettings.Scope {
        var scope = AccessSettings.Scope(name: "", rights: Rights())
        for entry in entries {
            try named(entry) { () throws(InvalidValue) in
                if entry.path == "scope" {
                    scope.name = try entry.value.string()
                } else {
                    try set(&scope.rights, entry.path, entry.value)
                }
            }
        }
        guard !scope.name.isEmpty, !scope.name.contains(" ") else {
            throw InvalidValue("scope is missing, or has a space")
        }
        return scope
    }

    private static func jwt(_ entries: [Document.Entry]) throws(InvalidValue) -> AccessSettings.JWT {
        var sources: [AccessSettings.JWT.Source] = []
        var jwt = AccessSettings.JWT(source: .secret(""))
        for entry in entries {
            try named(entry) { () throws(InvalidValue) in
                let value = entry.value
                switch entry.path {
                case "secret": sources.append(.secret(try value.string()))
                case "key": sources.append(.key(try value.string()))
                case "jwks": sources.append(.jwks(try keySet(value)))
                case "algorithms": jwt.algorithms = try algorithms(value)
                case "kid": jwt.kid = try value.string()
                case "issuer": jwt.issuer = try value.string()
                case "audience": jwt.audience = try value.string()
                case "claim": jwt.claim = try value.string()
                case "name-claim": jwt.nameClaim = try value.string()
                case "scope-claim": jwt.scopeClaim = try value.string()
                case "subscribe": jwt.subscribe = try templates(value)
                case "publish": jwt.publish = try templates(value)
                default: throw InvalidValue("there is no such key")
                }
            }
        }
        guard sources.count == 1 else { throw InvalidValue("needs exactly one of secret, key and jwks") }
        jwt.source = sources[0]
        var isSecret = false
        if case .secret = jwt.source { isSecret = true }
        // The key says which algorithms there are: with a public key as the secret of an HMAC anybody could sign.
        for algorithm in jwt.algorithms where (algorithm.family == .hmac) != isSecret {
            throw InvalidValue(
                "algorithms: \(algorithm.rawValue) does not go with \(isSecret ? "a secret" : "a public key")")
        }
        return jwt
    }

    private static func algorithms(_ value: Value) throws(InvalidValue) -> [Algorithm] {
        var algorithms: [Algorithm] = []
        for name in try value.strings() {
            guard let algorithm = Algorithm(rawValue: name) else {
                let names = Algorithm.allCases.map(\.rawValue)
                throw InvalidValue("\"\(name)\" is not an algorithm; allowed: \(names.joined(separator: ", "))")
            }
            algorithms.append(algorithm)
        }
        return algorithms
    }

    private static func templates(_ value: Value) throws(InvalidValue) -> [String] {
        let templates = try value.strings()
        for template in templates where !PatternTemplate(template).isValid {
            throw InvalidValue("\"\(template)\" is not a pattern such as \"users/{sub}/**\"")
        }
        return templates
    }

    /// Nobody between the issuer and crier may replace the keys.
    private static func keySet(_ value: Value) throws(InvalidValue) -> String {
        let place = try value.string()
        guard let end = place.firstRange(of: "://") else { return place }
        let host = place[end.upperBound...].prefix { !"/?#".contains($0) }
        let isLocal = (try? ListenAddress(host.contains(":") ? String(host) : "\(host):80"))?.isLocal == true
        guard place.hasPrefix("https://") || (place.hasPrefix("http://") && isLocal) else {
            throw InvalidValue("must be a file or an https:// URL; http:// is for this machine only")
        }
        return place
    }
}
