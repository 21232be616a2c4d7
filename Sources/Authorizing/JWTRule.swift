import Access
import Broadcasting

/// The rule for the tokens of one key, or set of keys: which claims they must have, and what they grant.
struct JWTRule: Sendable {
    let settings: AccessSettings.JWT
    let scopes: [AccessSettings.Scope]
    /// Milliseconds.
    let leeway: UInt64

    /// The fingerprint of the rule with one of its keys.
    ///
    /// - Parameter key: the key as it was read.
    func fingerprint(_ key: [UInt8]) -> [UInt8] {
        var fingerprint = Fingerprint("jwt")
        fingerprint.add(key)
        fingerprint.add("\(settings.source)")
        fingerprint.add(settings.algorithms.map(\.rawValue))
        for text in [settings.kid, settings.issuer, settings.audience] { fingerprint.add(text) }
        fingerprint.add([settings.claim, settings.nameClaim, settings.scopeClaim, "\(leeway)"])
        fingerprint.add(settings.subscribe)
        fingerprint.add(settings.publish)
        for scope in scopes {
            fingerprint.add(scope.name)
            fingerprint.add(scope.rights)
        }
        return fingerprint.bytes
    }

    /// The grant of a token whose signature is good.
    ///
    /// - Parameter now: milliseconds since 1970.
    func grant(_ claims: TokenJSON, by rule: AccessRule, now: UInt64) throws(TokenFault) -> Grant {
        let expiry = try claims.date("exp").map { $0 + leeway }
        if let expiry, now >= expiry { throw .expired }
        if let start = try claims.date("nbf"), now + leeway < start { throw .notYetValid }
        if let issuer = settings.issuer {
            guard try claims.text("iss") == issuer else { throw .wrongIssuer }
        }
        try checkAudience(claims)
        let own = try claims.object(settings.claim)
        var rights = try own.map { own throws(TokenFault) in try Self.rights(own) } ?? Rights()
        rights.subscribe += patterns(settings.subscribe, claims)
        rights.publish += patterns(settings.publish, claims)
        for scope in try claims.oneOrMoreTexts(settings.scopeClaim).flatMap({ $0.split(separator: " ") }) {
            for granted in scopes where granted.name == scope { rights = rights.adding(granted.rights) }
        }
        guard max(rights.subscribe.count, rights.publish.count) <= TokenFault.patternLimit else {
            throw .tooManyPatterns
        }
        return Grant(name: try name(claims, own), rights, expiry: expiry, by: rule)
    }

    private func checkAudience(_ claims: TokenJSON) throws(TokenFault) {
        let audience = try claims.oneOrMoreTexts("aud")
        if let wanted = settings.audience {
            guard audience.contains(wanted) else { throw .wrongAudience }
        } else if claims.has("aud") {
            // Somebody issued it for a service that says who it is, and crier does not.
            throw .wrongAudience
        }
    }

    private func name(_ claims: TokenJSON, _ own: TokenJSON?) throws(TokenFault) -> String {
        var name = try own.map { own throws(TokenFault) in try own.text("name") } ?? nil
        if name == nil { name = try claims.text(settings.nameClaim) }
        let text = name ?? ""
        // It goes into log lines.
        let hasControl = text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard text.utf8.count <= 255, !hasControl else { throw .badClaim }
        return text
    }

    private static func rights(_ own: TokenJSON) throws(TokenFault) -> Rights {
        Rights(
            subscribe: try patterns(own.texts("subscribe") ?? []), publish: try patterns(own.texts("publish") ?? []),
            isAdmin: try own.flag("admin"))
    }

    private static func patterns(_ texts: [String]) throws(TokenFault) -> [ChannelPattern] {
        var patterns: [ChannelPattern] = []
        for text in texts {
            guard let pattern = try? ChannelPattern(text) else { throw .badPattern }
            patterns.append(pattern)
        }
        return patterns
    }

    /// The patterns of templates. One whose claim is missing, or cannot be a part of a channel name, grants nothing: a
    /// subject called `*` must not get the channels of all others.
    private func patterns(_ templates: [String], _ claims: TokenJSON) -> [ChannelPattern] {
        templates.compactMap { template in
            PatternTemplate(template).pattern { name in (try? claims.text(name)) ?? nil }
        }
    }
}
