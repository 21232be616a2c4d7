import Synchronization

/// A rule of the configuration that lets callers in: a key, a static token, a list of users, or what needs no credential.
/// Grants refer to it, so that a grant ends when the rule does.
public final class AccessRule: Sendable {
    /// Equal for two rules only when they say the same.
    public let fingerprint: [UInt8]
    private let revoked = Atomic<Bool>(false)

    /// A rule in force.
    public init(fingerprint: [UInt8]) {
        self.fingerprint = fingerprint
    }

    /// Whether a reload, or a new set of keys, has removed it.
    public var isRevoked: Bool { revoked.load(ordering: .relaxed) }

    /// Ends all grants that refer to it.
    public func revoke() { revoked.store(true, ordering: .relaxed) }
}
