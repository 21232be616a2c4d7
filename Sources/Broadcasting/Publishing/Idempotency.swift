/// Makes repeated sends of a publish one publish.
public struct Idempotency: Sendable, Hashable {
    /// The publisher's name for the publish.
    public let key: IdempotencyKey
    /// A hash of the events: distinguishes a repeated publish from another one with the same key.
    public let fingerprint: UInt64

    /// A key for a publish.
    public init(key: IdempotencyKey, fingerprint: UInt64) {
        self.key = key
        self.fingerprint = fingerprint
    }
}
