/// The signature algorithms of tokens (RFC 7518 section 3.1, RFC 8037).
public enum Algorithm: String, Sendable, Hashable, CaseIterable {
    /// HMAC with SHA-2.
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    /// RSASSA-PKCS1-v1_5 with SHA-2.
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    /// RSASSA-PSS with SHA-2.
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    /// ECDSA with SHA-2.
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    /// Ed25519.
    case edDSA = "EdDSA"

    /// The kind of key that an algorithm needs.
    public enum Family: Sendable {
        /// A shared secret.
        case hmac
        /// An RSA key.
        case rsa
        /// A key on one of the curves of NIST.
        case ecdsa
        /// A key on the curve Ed25519.
        case eddsa
    }

    /// The kind of key that it needs.
    public var family: Family {
        switch self {
        case .hs256, .hs384, .hs512: .hmac
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa
        case .es256, .es384, .es512: .ecdsa
        case .edDSA: .eddsa
        }
    }

    /// The fewest bytes of a secret: as many as the hash has (RFC 7518 section 3.2).
    public var secretLength: Int {
        switch self {
        case .hs384: 48
        case .hs512: 64
        default: 32
        }
    }
}
