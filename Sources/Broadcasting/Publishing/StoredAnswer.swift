/// The answer to a publish with an idempotency key.
public struct StoredAnswer: Sendable {
    /// The key and the fingerprint of the publish.
    public var idempotency: Idempotency
    /// When crier answered, in milliseconds since 1970.
    public var time: UInt64
    /// The answer.
    public var receipt: Receipt

    /// An answer.
    ///
    /// - Parameters:
    ///   - first: the id of the first event.
    ///   - last: the id of the last event.
    public init(
        _ idempotency: Idempotency, time: UInt64, count: Int, first: String, last: String, channels: [ChannelName],
        subscribers: Int
    ) {
        self.idempotency = idempotency
        self.time = time
        receipt = Receipt(
            count: count, first: first, last: last, channels: channels, subscribers: subscribers, backlogs: [])
    }

    /// The answer with a receipt.
    init(_ idempotency: Idempotency, time: UInt64, _ receipt: Receipt) {
        self.idempotency = idempotency
        self.time = time
        self.receipt = receipt
        // A publisher that repeats the publish later must not wait for these backlogs.
        self.receipt.backlogs = []
    }
}
