/// The rules of access as the configuration states them.
public struct AccessSettings: Sendable, Hashable {
    /// A key, or a set of keys, that signs tokens.
    public struct JWT: Sendable, Hashable {
        /// Where the keys are. A path that begins with `credential:` names a credential of systemd.
        public enum Source: Sendable, Hashable {
            /// A file with a shared secret.
            case secret(String)
            /// A file with a public or private key, PEM.
            case key(String)
            /// A file with a JSON Web Key Set, or its URL.
            case jwks(String)
        }

        /// Where the keys are.
        public var source: Source
        /// The algorithms that a token may use; empty for those that fit the key.
        public var algorithms: [Algorithm] = []
        /// The `kid` that a token must have; nil for any.
        public var kid: String?
        /// The `iss` that a token must have; nil for any.
        public var issuer: String?
        /// The `aud` that a token must have; nil for none.
        public var audience: String?
        /// The claim with the grant: an object with `subscribe`, `publish`, `admin` and `name`.
        public var claim = "crier"
        /// The claim with the name of the caller, for a grant without one.
        public var nameClaim = "sub"
        /// The claim with scopes: a text with spaces between them, or an array.
        public var scopeClaim = "scope"
        /// Patterns that every token may subscribe to. `{claim}` stands for the text of a claim.
        public var subscribe: [String] = []
        /// Patterns that every token may publish to. `{claim}` stands for the text of a claim.
        public var publish: [String] = []

        /// Keys from a place.
        public init(source: Source) {
            self.source = source
        }
    }

    /// A static token.
    public struct Token: Sendable, Hashable {
        /// The name of the caller.
        public var name: String
        /// The SHA-256 of the token, 32 bytes.
        public var hash: [UInt8]
        /// What it grants.
        public var rights: Rights

        /// A token.
        public init(name: String, hash: [UInt8], rights: Rights) {
            self.name = name
            self.hash = hash
            self.rights = rights
        }
    }

    /// What a scope of a token grants.
    public struct Scope: Sendable, Hashable {
        /// The scope.
        public var name: String
        /// What it grants.
        public var rights: Rights

        /// A scope.
        public init(name: String, rights: Rights) {
            self.name = name
            self.rights = rights
        }
    }

    /// Users and groups of this machine that need no token on a Unix socket.
    public struct Peer: Sendable, Hashable {
        /// Names or numbers of users.
        public var users: [String] = []
        /// Names or numbers of groups.
        public var groups: [String] = []
        /// What they may do.
        public var rights = Rights()

        /// Nobody.
        public init() {}
    }

    /// A program that decides about subscriptions of callers that show no token.
    public struct Authorize: Sendable, Hashable {
        /// The URL that gets a POST for each question.
        public var url: String
        /// A file with the secret that signs questions, as for a hook; nil to sign nothing.
        public var secret: String?
        /// The fields of the client's request that a question has, in lower case.
        public var fields = ["cookie", "authorization"]
        /// Milliseconds that an answer may take.
        public var timeout: UInt64 = 2_000
        /// Milliseconds for which an answer counts for the same question.
        public var cache: UInt64 = 10_000

        /// A program behind a URL.
        public init(url: String) { self.url = url }
    }

    /// The most static tokens: crier compares each with all of them.
    public static let tokenLimit = 1000

    /// The name of the cookie that carries a token; nil when none does.
    public var cookie: String?
    /// Whether `?token=` carries a token.
    public var allowsQueryToken = false
    /// Milliseconds that the clocks of an issuer and of this machine may differ.
    public var leeway: UInt64 = 30_000
    /// The keys.
    public var jwt: [JWT] = []
    /// The static tokens.
    public var tokens: [Token] = []
    /// What scopes grant.
    public var scopes: [Scope] = []
    /// What needs no credential; nil when the configuration does not say.
    public var anonymous: Rights?
    /// The users of this machine that need no token; nil for none.
    public var peer: Peer?

    /// The program that decides about subscriptions of callers without a token; nil for none.
    public var authorize: Authorize?

    /// No rules: then no socket asks for a credential.
    public init() {}

    /// Whether there are rules, so that crier asks for credentials.
    public var isInForce: Bool {
        !jwt.isEmpty || !tokens.isEmpty || anonymous != nil || peer != nil || authorize != nil
    }
}
