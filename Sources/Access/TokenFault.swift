/// Why crier does not accept a token. The sentences never contain a part of the token, because they go into a field of the
/// answer.
public enum TokenFault: String, Error, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// The token is longer than ``CompactToken/limit``.
    case tooLong
    /// It is neither a static token nor three parts of Base64url between dots (RFC 7515 section 3.1).
    case unknown
    /// Its header or its claims are not a JSON object.
    case notJSON = "notJson"
    /// The JSON is nested too deeply.
    case nestedTooDeeply
    /// A claim or a member of the header occurs twice (RFC 7519 section 4).
    case repeatedClaim
    /// No key of the configuration uses the algorithm.
    case wrongAlgorithm
    /// The header says that the recipient must understand an extension (RFC 7515 section 4.1.11).
    case criticalExtension
    /// No key of the algorithm has the id, or there is no key at all.
    case unknownKey
    /// crier has not been able to fetch the keys yet. The token may be good.
    case keysUnavailable
    /// The program that decides about subscriptions has not answered.
    case undecided
    /// The signature is not one by the key.
    case badSignature
    /// `exp` is over.
    case expired
    /// `nbf` is still to come.
    case notYetValid
    /// `iss` is not the issuer of the configuration.
    case wrongIssuer
    /// `aud` is not the audience of the configuration, or there is one and the configuration has none
    /// (RFC 7519 section 4.1.3).
    case wrongAudience
    /// A claim has the wrong type.
    case badClaim
    /// A pattern of the grant is not a pattern.
    case badPattern
    /// The grant has more than ``patternLimit`` patterns.
    case tooManyPatterns

    /// The most patterns of a token's grant to subscribe, and as many to publish.
    public static let patternLimit = 100

    /// A word for metrics, as `bad_signature`.
    public var label: String {
        var label = ""
        for character in rawValue {
            label += character.isUppercase ? "_\(character.lowercased())" : "\(character)"
        }
        return label
    }

    /// A sentence for the client.
    public var description: String {
        switch self {
        case .tooLong: "The token is longer than \(CompactToken.limit) bytes."
        case .unknown: "The token is not known, and it is not a JSON Web Token."
        case .notJSON: "The header or the claims of the token are not a JSON object."
        case .nestedTooDeeply: "The JSON of the token is nested too deeply."
        case .repeatedClaim: "The token has a claim twice."
        case .wrongAlgorithm: "The algorithm of the token is not one that is configured."
        case .criticalExtension: "The token needs an extension that is not supported (crit)."
        case .unknownKey: "The key of the token is not known."
        case .keysUnavailable: "The keys for tokens cannot be fetched at the moment."
        case .undecided: "The program that decides about subscriptions does not answer at the moment."
        case .badSignature: "The signature of the token is wrong."
        case .expired: "The token has expired."
        case .notYetValid: "The token is not valid yet."
        case .wrongIssuer: "The token comes from another issuer."
        case .wrongAudience: "The token is for another audience."
        case .badClaim: "A claim of the token has the wrong type."
        case .badPattern: "A pattern in the token is not valid."
        case .tooManyPatterns: "The token has more than \(Self.patternLimit) patterns of one kind."
        }
    }
}
