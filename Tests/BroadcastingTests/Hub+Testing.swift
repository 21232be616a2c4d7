@testable import Broadcasting
import Bytes
import EventStreams

extension Hub {
    /// Looks at the topic of a channel; nil when there is none.
    func inspect<Result: Sendable>(_ name: ChannelName, _ body: @Sendable (Topic) -> Result) -> Result? {
        state.withLock { $0.registry.find(name).map(body) }
    }

    /// Writes a snapshot.
    func snapshot() -> (bytes: [UInt8], topics: SnapshotTopics) {
        let bytes = Guarded<[UInt8]>([])
        var writer = ByteWriter { piece in bytes.withLock { $0 += piece } }
        let topics = write(to: &writer)
        writer.finish()
        return (bytes.withLock { $0 }, topics)
    }

    /// Restores a snapshot.
    func restore(_ snapshot: [UInt8], now: UInt64) throws -> [RestoredTopic] {
        try unsafe snapshot.withUnsafeBytes { bytes in
            var reader = unsafe try ByteReader(checking: bytes)
            let topics = try restore(&reader, now: now)
            guard reader.isAtEnd else { throw ByteReader.Damage("more follows") }
            return topics
        }
    }

    /// Publishes to a hub without an archive, which answers at once.
    func publish(_ event: Event, to channels: [ChannelName], now: UInt64) -> Receipt {
        let outcome = publish([Publication(event, to: channels)], reply: ReplyAddress(loop: 0, token: 0), now: now)
        guard case .published(let receipt) = outcome else { preconditionFailure("\(outcome)") }
        return receipt
    }

    /// Subscribes; nil when the hub refuses.
    func enter(_ request: SubscriptionRequest, now: UInt64) -> Subscription? {
        switch subscribe(request, on: 0, now: now) {
        case .subscribed(let subscription): subscription
        case .ahead, .ended, .tooManyChannels, .tooManyPatterns, .tooManySubscribers: nil
        }
    }

    /// Ends a channel of a hub without an archive, which answers at once.
    func end(_ name: ChannelName, now: UInt64) -> Int? {
        guard case .ended(let subscribers) = end(name, reply: ReplyAddress(loop: 0, token: 0), now: now) else {
            return nil
        }
        return subscribers
    }
}

extension Mailbox {
    func deliver(_ items: [MailboxItem]) {
        var items = items
        post(&items)
    }
}
