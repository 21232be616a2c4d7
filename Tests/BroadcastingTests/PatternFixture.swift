import EventStreams
import Testing

@testable import Broadcasting

/// A hub with one loop, whose subscribers name channels and patterns and read the log.
struct PatternFixture {
    let mailbox = Mailbox(wakeLoop: {})
    let hub: Hub

    init(_ policy: HistoryPolicy = HistoryPolicy()) {
        hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox])
    }

    func publish(_ data: String, to channels: String..., id: String? = nil, now: UInt64 = 0) throws {
        let event = Event(id: try id.flatMap { try EventID($0) }, data: EventData(data))
        _ = hub.publish(event, to: try channels.map { try ChannelName($0) }, now: now)
    }

    func subscribe(
        _ names: String..., from id: String? = nil, replay: ReplayStart? = nil, now: UInt64 = 0
    ) throws -> Subscription {
        let request = SubscriptionRequest(
            channels: try names.filter { !$0.contains("*") }.map { try ChannelName($0) },
            patterns: try names.filter { $0.contains("*") }.map { try ChannelPattern($0) },
            lastEventID: id.map { Array($0.utf8) }, replay: replay)
        return try #require(hub.enter(request, now: now))
    }

    /// Reads the log for a subscriber, slice by slice, and returns the data of the events.
    func read(_ subscription: Subscription, budget: Int = 1) -> [String] {
        guard subscription.isBehind else { return [] }
        var cursor = subscription.position
        var seen: [String] = []
        while true {
            var frames: [Frame] = []
            let slice = hub.read(subscription.cursors, after: cursor, now: 0, budget: budget, into: &frames)
            if slice.cut != nil { return seen + ["cut"] }
            seen += frames.map { frame in
                let lines = unsafe String(decoding: frame.bytes, as: UTF8.self).split(separator: "\n")
                return String(lines.last { $0.hasPrefix("data: ") }?.dropFirst(6) ?? "")
            }
            cursor = max(frames.last?.sequence ?? cursor, slice.through ?? 0)
            if slice.head != nil { return seen }
        }
    }
}
