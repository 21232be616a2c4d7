import Access
import Broadcasting
import Curl

extension AccessSettings {
    /// The tables of the rules, as lines of a configuration file.
    var tables: [String] {
        var lines: [String] = []
        if let anonymous { lines += ["", "[access.anonymous]"] + Self.lines(anonymous) }
        if let peer {
            lines += ["", "[access.peer]"]
            if !peer.users.isEmpty { lines.append("users = \(Self.list(peer.users))") }
            if !peer.groups.isEmpty { lines.append("groups = \(Self.list(peer.groups))") }
            lines += Self.lines(peer.rights)
        }
        if let authorize { lines += ["", "[access.authorize]"] + Self.lines(authorize) }
        for jwt in jwt { lines += ["", "[[access.jwt]]"] + Self.lines(jwt) }
        for token in tokens {
            let digits = token.hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            lines += ["", "[[access.token]]", "name = \(Self.text(token.name))"]
            lines.append(token.hash.isEmpty ? "# sha256 is not shown" : "sha256 = \"\(digits)\"")
            lines += Self.lines(token.rights)
        }
        for scope in scopes {
            lines += ["", "[[access.scope]]", "scope = \(Self.text(scope.name))"] + Self.lines(scope.rights)
        }
        return lines
    }

    /// Removes the hashes of tokens and the credentials in URLs.
    mutating func hideSecrets() {
        for index in tokens.indices { tokens[index].hash = [] }
        if let url = authorize?.url { authorize?.url = url.withoutCredentials }
        for index in jwt.indices {
            if case .jwks(let place) = jwt[index].source { jwt[index].source = .jwks(place.withoutCredentials) }
        }
    }

    private static func lines(_ authorize: Authorize) -> [String] {
        var lines = ["url = \(text(authorize.url))"]
        if let secret = authorize.secret { lines.append("secret = \(text(secret))") }
        lines.append("fields = \(list(authorize.fields))")
        lines.append("timeout = \"\(Quantity.text(duration: authorize.timeout))\"")
        lines.append("cache = \"\(Quantity.text(duration: authorize.cache))\"")
        return lines
    }

    private static func lines(_ jwt: JWT) -> [String] {
        var lines: [String] = []
        switch jwt.source {
        case .secret(let place): lines.append("secret = \(text(place))")
        case .key(let place): lines.append("key = \(text(place))")
        case .jwks(let place): lines.append("jwks = \(text(place))")
        }
        if !jwt.algorithms.isEmpty { lines.append("algorithms = \(list(jwt.algorithms.map(\.rawValue)))") }
        for (name, value) in [("kid", jwt.kid), ("issuer", jwt.issuer), ("audience", jwt.audience)] {
            if let value { lines.append("\(name) = \(text(value))") }
        }
        lines.append("claim = \(text(jwt.claim))")
        lines.append("name-claim = \(text(jwt.nameClaim))")
        lines.append("scope-claim = \(text(jwt.scopeClaim))")
        lines.append("subscribe = \(list(jwt.subscribe))")
        lines.append("publish = \(list(jwt.publish))")
        return lines
    }

    private static func lines(_ rights: Rights) -> [String] {
        var lines = [
            "subscribe = \(list(rights.subscribe.map(\.description)))",
            "publish = \(list(rights.publish.map(\.description)))",
        ]
        if rights.isAdmin { lines.append("admin = true") }
        return lines
    }

    private static func text(_ text: String) -> String { "\"\(Quantity.escaped(text))\"" }

    private static func list(_ texts: [String]) -> String { "[\(texts.map(text).joined(separator: ", "))]" }
}
