/// What the verification of tokens may use.
public struct VerificationLimits: Sendable, Hashable {
    /// The most tokens that wait to be verified.
    public var waiting = 1024
    /// The most bytes of the grants that crier remembers.
    public var cachedBytes = 16 << 20

    /// The defaults.
    public init() {}
}
