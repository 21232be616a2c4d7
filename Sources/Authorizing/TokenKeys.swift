import Access

/// The keys that sign tokens, and the rule of each.
struct TokenKeys: Sendable {
    /// A key, and what its tokens grant.
    struct Key: Sendable {
        let key: SigningKey
        let rule: JWTRule
        /// Ends with the key.
        let access: AccessRule
    }

    /// The most keys that crier tries for a token that does not name one.
    private static let attempts = 16

    var keys: [Key] = []
    /// Whether some keys could not be fetched yet.
    var isIncomplete = false

    /// The grant of a token.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - unknownKey: runs when the token names a key that is not here.
    func grant(_ token: [UInt8], now: UInt64, unknownKey: () -> Void) throws(TokenFault) -> Grant {
        let token = try CompactToken(token)
        let header = try TokenJSON(token.header)
        // Whatever the token says of keys (jwk, jku, x5c, x5u) does not count.
        let algorithm = try header.text("alg")
        let id = try header.text("kid")
        guard !header.has("crit") else { throw .criticalExtension }
        guard !keys.isEmpty else { throw isIncomplete ? .keysUnavailable : .unknownKey }
        let fitting = keys.filter { $0.key.algorithm.rawValue == algorithm }
        guard !fitting.isEmpty || isIncomplete else { throw .wrongAlgorithm }
        let candidates = fitting.filter { Self.isNamed($0, id) }
        guard !candidates.isEmpty else {
            unknownKey()
            throw isIncomplete ? .keysUnavailable : .unknownKey
        }
        let signer = candidates.prefix(Self.attempts).first { $0.key.verifies(token.signature, of: token.signed) }
        guard let signer else { throw .badSignature }
        return try signer.rule.grant(try TokenJSON(token.payload), by: signer.access, now: now)
    }

    /// Whether a token with this `kid` may be from a key.
    private static func isNamed(_ key: Key, _ id: String?) -> Bool {
        if let wanted = key.rule.settings.kid { return id == wanted }
        guard let id, let own = key.key.id else { return true }
        return id == own
    }
}
