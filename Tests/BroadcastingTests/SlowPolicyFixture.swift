import EventStreams
import Testing

@testable import Broadcasting

/// A hub whose channels `d/…` disconnect, `s/…` skip and `l/…` send the latest.
struct SlowPolicyFixture {
    let mailbox = Mailbox(wakeLoop: {})
    let hub: Hub

    init(
        _ history: HistoryLimits = HistoryLimits(), events: Int = 0, bytes: Int = 0, age: UInt64 = 0
    ) throws {
        let rules = try zip(["d/*", "s/*", "l/*"], SlowPolicy.Action.allCases).map { pattern, action in
            HistoryRule(
                pattern: try ChannelPattern(pattern), limits: history,
                slow: SlowPolicy(action: action, events: events, bytes: bytes, age: age))
        }
        let policy = HistoryPolicy(standard: history, rules: rules, total: 1 << 30)
        hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox])
    }

    func publish(_ data: String, to channels: String..., key: String? = nil, now: UInt64 = 0) throws {
        let event = Event(data: EventData(data), key: try key.flatMap { try EventKey($0) })
        _ = hub.publish(event, to: try channels.map { try ChannelName($0) }, now: now)
    }

    func end(_ channel: String) throws { _ = hub.end(try ChannelName(channel), now: 0) }

    func subscribe(_ channels: String..., from id: String? = nil) throws -> SlowReader {
        try subscribe(channels, from: id)
    }

    func subscribe(_ channels: [String], from id: String? = nil) throws -> SlowReader {
        let request = SubscriptionRequest(
            channels: try channels.map { try ChannelName($0) }, lastEventID: id.map { Array($0.utf8) })
        let subscription = try #require(hub.enter(request, now: 0))
        return SlowReader(
            hub: hub, cursors: subscription.cursors, position: subscription.position, gap: subscription.gap)
    }
}

/// A subscriber that reads the log as its loop would for it.
struct SlowReader {
    let hub: Hub
    var cursors: [TopicCursor]
    var position: UInt64
    /// The gap that it received when it subscribed.
    var gap: Gap?

    /// The limit for which crier disconnects it; nil while it may stay.
    func cut(isSlow: Bool = true, partial: Frame? = nil, now: UInt64 = 0) -> LagLimit? {
        hub.cut(cursors, after: position, partial: partial, isSlow: isSlow, now: now)?.lag
    }

    /// Reads one slice and describes it: the data of events, gaps, ends, and the cut.
    mutating func read(isSlow: Bool = true, now: UInt64 = 0, budget: Int = .max) -> [String] {
        var frames: [Frame] = []
        let slice = hub.read(
            cursors, after: position, isSlow: isSlow, now: now, budget: budget, into: &frames)
        if let cut = slice.cut { return ["cut: \(cut)"] }
        cursors = slice.cursors ?? cursors
        position = max(frames.last?.sequence ?? position, slice.through ?? 0, slice.head ?? 0)
        return (slice.gap.map { ["lost \($0.lost.map(String.init) ?? "?")"] } ?? []) + frames.map(describe)
    }

    private func describe(_ frame: Frame) -> String {
        let wire = unsafe String(decoding: frame.bytes, as: UTF8.self)
        if frame.endsTopic != nil { return "end" }
        return wire.split(separator: "\n").first { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) } ?? wire
    }
}
