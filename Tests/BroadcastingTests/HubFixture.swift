import EventStreams
import Testing

@testable import Broadcasting

/// A hub with one loop, and the mailbox of that loop.
struct HubFixture {
    let mailbox = Mailbox(wakeLoop: {})
    let hub: Hub

    init(_ limits: HistoryLimits = HistoryLimits(), total: Int = 1 << 30) {
        let policy = HistoryPolicy(standard: limits, total: total)
        hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox])
    }

    @discardableResult
    func publish(_ data: String, to channels: String..., id: String? = nil, now: UInt64 = 0) throws -> Receipt {
        let event = Event(id: try id.flatMap { try EventID($0) }, data: EventData(data))
        return hub.publish(event, to: try channels.map { try ChannelName($0) }, now: now)
    }

    func subscribe(_ channels: String..., from id: String? = nil, now: UInt64 = 0) throws -> Subscription? {
        let names = try channels.map { try ChannelName($0) }
        return hub.enter(
            SubscriptionRequest(channels: names, lastEventID: id.map { Array($0.utf8) }), now: now)
    }

    /// Reads the log for a subscriber, slice by slice, to the head or until the hub cuts the subscriber off.
    func replay(_ subscription: Subscription, budget: Int = 1) -> [String] {
        var cursor = subscription.position
        var seen: [String] = []
        while true {
            var frames: [Frame] = []
            let slice = hub.read(subscription.cursors, after: cursor, now: 0, budget: budget, into: &frames)
            if slice.cut != nil { return seen + ["cut"] }
            seen += frames.map(text)
            cursor = slice.through ?? frames.last?.sequence ?? cursor
            if slice.head != nil { return seen }
        }
    }

    func text(_ frame: Frame) -> String {
        unsafe String(decoding: frame.bytes, as: UTF8.self)
    }

    func items() -> [MailboxItem] {
        var items: [MailboxItem] = []
        mailbox.collectItems(into: &items)
        return items
    }
}

/// The bytes of an event as text.
func wire(_ sequence: Int, _ data: String) -> String { "id: e-\(sequence)\ndata: \(data)\n\n" }
