/// Who may do what, as the configuration says. A reload replaces it.
public final class AccessPolicy: Sendable, Hashable {
    /// The users of this machine that need no token on a Unix socket.
    public struct Peers: Sendable {
        /// User ids.
        public let users: Set<UInt32>
        /// Group ids.
        public let groups: Set<UInt32>
        /// What they may do.
        public let grant: Grant

        /// Users and groups with a grant.
        public init(users: Set<UInt32>, groups: Set<UInt32>, grant: Grant) {
            self.users = users
            self.groups = groups
            self.grant = grant
        }
    }

    /// The name of the cookie that carries a token; nil when none does.
    public let cookie: [UInt8]?
    /// Whether `?token=` carries a token.
    public let allowsQueryToken: Bool
    /// What needs no credential. Every caller may do it.
    public let anonymous: Grant
    /// The users that need no token.
    public let peers: Peers?
    /// Finds the grant of a token.
    public let verifier: any TokenVerifier
    /// Decides about subscriptions of callers that show no token; nil when only rules do.
    public let decider: (any SubscriptionDecider)?

    /// A policy.
    public init(
        cookie: [UInt8]?, allowsQueryToken: Bool, anonymous: Grant, peers: Peers?, verifier: any TokenVerifier,
        decider: (any SubscriptionDecider)? = nil
    ) {
        self.cookie = cookie
        self.allowsQueryToken = allowsQueryToken
        self.anonymous = anonymous
        self.peers = peers
        self.verifier = verifier
        self.decider = decider
    }

    /// Whether they are the same object.
    public static func == (left: AccessPolicy, right: AccessPolicy) -> Bool { left === right }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
