import EventStreams
import Synchronization
import Testing
import TimeLimits

@testable import Broadcasting

/// A hub with one loop, whose mailbox is looked into.
private struct Fixture {
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

    /// All that a subscriber reads from the log, in slices.
    func replay(_ subscription: Subscription, budget: Int = 1) -> [String] {
        var cursor = subscription.position
        var seen: [String] = []
        while true {
            var frames: [Frame] = []
            let slice = hub.read(subscription.cursors, after: cursor, now: 0, budget: budget, into: &frames)
            if slice.cut != nil { return seen + ["fell off"] }
            seen += frames.map(text)
            cursor = frames.last?.sequence ?? cursor
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

private func wire(_ sequence: Int, _ data: String) -> String { "id: e-\(sequence)\ndata: \(data)\n\n" }

@Suite(.endsInTime()) struct `The hub` {
    @Test func `numbers events over all channels and tells the publisher the id`() throws {
        let fixture = Fixture()
        #expect(try fixture.publish("x", to: "a").first == "e-1")
        #expect(try fixture.publish("y", to: "b").first == "e-2")
        #expect(try fixture.publish("z", to: "a", id: "mine").first == "mine")
    }

    @Test func `leaves the same frame for every loop with subscribers, and none for the others`() throws {
        let fixture = Fixture()
        try fixture.publish("nobody", to: "a")
        #expect(fixture.items().isEmpty)
        _ = try fixture.subscribe("a")
        try fixture.publish("x", to: "a")
        try fixture.publish("y", to: "b")
        #expect(fixture.items().map { fixture.text($0.frame) } == [wire(2, "x")])
    }

    @Test func `begins a newcomer at the head and one that comes back where it was`() throws {
        let fixture = Fixture()
        for number in 1...5 { try fixture.publish("\(number)", to: "a") }
        let newcomer = try #require(try fixture.subscribe("a"))
        #expect(newcomer.position == 5 && !newcomer.isBehind && newcomer.gap == nil)
        let returning = try #require(try fixture.subscribe("a", from: "e-2"))
        #expect(returning.isBehind && returning.gap == nil)
        #expect(fixture.replay(returning) == [wire(3, "3"), wire(4, "4"), wire(5, "5")])
    }

    @Test func `replays the same however small the slices are`() throws {
        let fixture = Fixture()
        for number in 1...50 { try fixture.publish("\(number)", to: number % 3 == 0 ? "b" : "a") }
        let subscription = try #require(try fixture.subscribe("a", "b", from: "e-7"))
        let whole = fixture.replay(subscription, budget: .max)
        #expect(whole.count == 43)
        for budget in [1, 30, 100, 1000] { #expect(fixture.replay(subscription, budget: budget) == whole) }
    }

    @Test func `sends an event of two channels once to a subscriber of both`() throws {
        let fixture = Fixture()
        let start = try fixture.publish("start", to: "a").first
        try fixture.publish("both", to: "a", "b")
        try fixture.publish("b only", to: "b")
        let subscription = try #require(try fixture.subscribe("a", "b", from: start))
        #expect(fixture.replay(subscription) == [wire(2, "both"), wire(3, "b only")])
    }

    @Test func `counts a channel that is named twice once`() throws {
        let fixture = Fixture()
        #expect(try fixture.publish("x", to: "a", "a").channels.count == 1)
        let subscription = try #require(try fixture.subscribe("a", "a"))
        #expect(subscription.cursors.count == 1)
    }

    @Test func `has no seam between history and live`() throws {
        let fixture = Fixture()
        try fixture.publish("1", to: "a")
        let subscription = try #require(try fixture.subscribe("a", from: "e-0"))
        try fixture.publish("2", to: "a")
        var frames: [Frame] = []
        let slice = fixture.hub.read(
            subscription.cursors, after: subscription.position, now: 0, budget: .max, into: &frames)
        try fixture.publish("3", to: "a")
        let head = try #require(slice.head)
        #expect(frames.map(fixture.text) == [wire(1, "1"), wire(2, "2")])
        #expect(fixture.items().filter { $0.frame.sequence > head }.map { fixture.text($0.frame) } == [wire(3, "3")])
    }
}

@Suite(.endsInTime()) struct `History` {
    @Test func `holds so many events and no more`() throws {
        let fixture = Fixture(HistoryLimits(events: 3))
        for number in 1...5 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-2"))
        #expect(subscription.gap == nil)
        #expect(fixture.replay(subscription) == [wire(3, "3"), wire(4, "4"), wire(5, "5")])
        #expect(fixture.hub.summary.events == 3)
    }

    @Test func `holds so many bytes, and the newest event even when it alone is larger`() throws {
        let fixture = Fixture(HistoryLimits(bytes: 100))
        for _ in 1...5 { try fixture.publish(String(repeating: "x", count: 60), to: "a") }
        #expect(fixture.hub.summary.events == 1)
        try fixture.publish(String(repeating: "x", count: 600), to: "a")
        #expect(fixture.hub.summary.events == 1)
    }

    @Test func `holds events for so long`() throws {
        let fixture = Fixture(HistoryLimits(age: 1000))
        try fixture.publish("old", to: "a", now: 0)
        try fixture.publish("new", to: "a", now: 900)
        let subscription = try #require(try fixture.subscribe("a", from: "e-0", now: 1500))
        #expect(subscription.gap?.lost == 1)
        #expect(fixture.replay(subscription) == [wire(2, "new")])
        fixture.hub.unsubscribe(subscription.cursors[0].topic, lastOn: 0)
        fixture.hub.sweep(now: 5000)
        #expect(fixture.hub.summary == HubSummary(channels: 0, events: 0, bytes: 0, subscribers: 0, head: 2))
    }

    @Test func `is bounded over all channels, and the oldest events go first`() throws {
        let fixture = Fixture(total: 3 * (HistoryPolicy.overhead + 17))
        for number in 1...9 { try fixture.publish("\(number)", to: "c\(number)") }
        #expect(fixture.hub.summary.events == 3)
        #expect(fixture.hub.summaries(after: nil, count: 10).summaries.map(\.name.description) == ["c7", "c8", "c9"])
    }

    @Test func `of 100,000 channels of one event each is bounded, and goes when it is old`() throws {
        let fixture = Fixture(HistoryLimits(age: 1000), total: 1 << 20)
        for number in 1...100_000 { try fixture.publish("x", to: "c\(number)") }
        #expect(fixture.hub.summary.bytes <= 1 << 20)
        for _ in 0..<100 { fixture.hub.sweep(now: 10_000) }
        #expect(fixture.hub.summary.channels == 0)
    }

    @Test func `that is full lets one publish empty another of its own channels`() throws {
        let fixture = Fixture(total: 3 * (HistoryPolicy.overhead + 40))
        try fixture.publish("old", to: "b")
        for _ in 0..<3 { try fixture.publish(String(repeating: "x", count: 20), to: "fill") }
        #expect(try fixture.publish(String(repeating: "x", count: 20), to: "fill", "b").channels.count == 2)
        let many = (0..<60).map { "c\($0)" }
        let event = Event(data: EventData(String(repeating: "x", count: 500)))
        #expect(fixture.hub.publish(event, to: try many.map { try ChannelName($0) }, now: 0).channels.count == 60)
        #expect(fixture.hub.summary.channels <= 3)
    }

    @Test func `of zero events still reaches those who are live`() throws {
        let fixture = Fixture(HistoryLimits(events: 0))
        _ = try fixture.subscribe("a")
        try fixture.publish("x", to: "a")
        #expect(fixture.items().count == 1)
        #expect(fixture.hub.summary.events == 0)
    }

    @Test func `follows other limits after a reload`() throws {
        let fixture = Fixture()
        for number in 1...9 { try fixture.publish("\(number)", to: "a") }
        fixture.hub.apply(HistoryPolicy(standard: HistoryLimits(events: 2)))
        fixture.hub.sweep(now: 0)
        #expect(fixture.hub.summary.events == 2)
    }

    @Test func `has the limits of the first rule that matches`() throws {
        let rules = [
            HistoryRule(pattern: try ChannelPattern("a/*"), limits: HistoryLimits(events: 1)),
            HistoryRule(pattern: try ChannelPattern("a/**"), limits: HistoryLimits(events: 2)),
        ]
        let policy = HistoryPolicy(rules: rules)
        #expect(policy.rule(for: try ChannelName("a/b"))?.limits.events == 1)
        #expect(policy.rule(for: try ChannelName("a/b/c"))?.limits.events == 2)
        #expect(policy.rule(for: try ChannelName("b")) == nil)
    }
}

@Suite(.endsInTime()) struct `A gap` {
    @Test(arguments: ["x", "e-99", "other-1", "e-01", "\u{FFFD}", "e-1e"])
    func `is told for a position that is malformed, unknown or of another epoch, and what is held follows`(
        _ id: String
    ) throws {
        let fixture = Fixture()
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: id))
        #expect(subscription.gap == Gap(requested: id, oldest: "e-1", newest: "e-3", lost: nil))
        #expect(fixture.replay(subscription).count == 3)
    }

    @Test func `counts what is missing where that is known`() throws {
        let fixture = Fixture(HistoryLimits(events: 3))
        for number in 1...10 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-0"))
        #expect(subscription.gap == Gap(requested: "e-0", oldest: "e-8", newest: "e-10", lost: 7))
        #expect(fixture.replay(subscription) == [wire(8, "8"), wire(9, "9"), wire(10, "10")])
    }

    @Test func `counts from any position that is not too far back`() throws {
        let fixture = Fixture(HistoryLimits(events: 3))
        for number in 1...2000 { try fixture.publish("\(number)", to: number % 2 == 0 ? "a" : "b") }
        #expect(try #require(try fixture.subscribe("a", from: "e-1980")).gap?.lost == 7)
        #expect(try #require(try fixture.subscribe("a", "b", from: "e-1981")).gap?.lost == 13)
        for number in 1...2000 { try fixture.publish("\(number)", to: "a") }
        #expect(
            try #require(try fixture.subscribe("a", from: "e-1980")).gap
                == Gap(
                    requested: "e-1980", oldest: "e-3998", newest: "e-4000", lost: nil))
    }

    @Test func `is told once and not for what it told already`() throws {
        let fixture = Fixture(HistoryLimits(events: 2))
        for number in 1...3 { try fixture.publish("a\(number)", to: "a") }
        for number in 4...5 { try fixture.publish("b\(number)", to: "b") }
        let subscription = try #require(try fixture.subscribe("a", "b", from: "e-0"))
        #expect(subscription.gap?.lost == 1)
        #expect(fixture.replay(subscription) == [wire(2, "a2"), wire(3, "a3"), wire(4, "b4"), wire(5, "b5")])
    }

    @Test func `that opens while a subscriber reads is noticed`() throws {
        let fixture = Fixture(HistoryLimits(events: 2))
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        try fixture.publish("4", to: "a")
        #expect(fixture.replay(subscription) == ["fell off"])
    }

    @Test func `is told to who comes back to a channel that was forgotten`() throws {
        let fixture = Fixture(HistoryLimits(age: 1000))
        try fixture.publish("1", to: "a", now: 0)
        try fixture.publish("2", to: "a", now: 0)
        fixture.hub.sweep(now: 5000)
        #expect(fixture.hub.summary.channels == 0)
        let subscription = try #require(try fixture.subscribe("a", from: "e-1", now: 5000))
        #expect(subscription.gap == Gap(requested: "e-1", oldest: nil, newest: nil, lost: nil))
    }

    @Test func `is not told to who has seen all of a channel that was forgotten`() throws {
        let fixture = Fixture(HistoryLimits(age: 1000))
        try fixture.publish("1", to: "a", now: 0)
        fixture.hub.sweep(now: 5000)
        #expect(try #require(try fixture.subscribe("a", from: "e-1", now: 5000)).gap == nil)
    }

    @Test func `tells what was lost from the archive, and what is older in its channels`() throws {
        let fixture = Fixture()
        for number in 1...4 { try fixture.publish("a\(number)", to: "a") }
        try fixture.publish("both", to: "a", "b")
        #expect(fixture.hub.evictUnreadable(3))
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        #expect(subscription.gap == Gap(requested: "e-1", oldest: "e-4", newest: "e-5", lost: 2))
        #expect(fixture.replay(subscription) == [wire(4, "a4"), wire(5, "both")])
        #expect(fixture.hub.evictUnreadable(5))
        #expect(try #require(try fixture.subscribe("b", from: "e-4")).gap != nil)
        // What has gone by itself is not lost.
        #expect(!fixture.hub.evictUnreadable(5) && !fixture.hub.evictUnreadable(1) && !fixture.hub.evictUnreadable(99))
    }

    @Test func `does not arise from the ids of publishers while they are held`() throws {
        let fixture = Fixture(HistoryLimits(events: 3))
        for id in ["x", "y", "x", "z"] { try fixture.publish("\(id)", to: "a", id: id) }
        let subscription = try #require(try fixture.subscribe("a", from: "x"))
        #expect(subscription.gap == nil)
        #expect(fixture.replay(subscription) == ["id: z\ndata: z\n\n"])
        #expect(try #require(try fixture.subscribe("a", from: "nope")).gap != nil)
    }
}

@Suite(.endsInTime()) struct `The end of a channel` {
    @Test func `drops its history and comes after all of its events`() throws {
        let fixture = Fixture()
        _ = try fixture.subscribe("a")
        try fixture.publish("1", to: "a")
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == 1)
        let items = fixture.items()
        #expect(items.map { $0.frame.endsTopic != nil } == [false, true])
        #expect(fixture.text(items[1].frame) == "event: crier.end\ndata: {\"channel\":\"a\"}\n\n")
        fixture.hub.unsubscribe(items[0].topic, lastOn: 0)
        #expect(fixture.hub.summary.events == 0)
    }

    @Test func `turns subscribers away until the channel is published to again`() throws {
        let fixture = Fixture()
        try fixture.publish("1", to: "a")
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        #expect(try fixture.subscribe("a") == nil)
        #expect(try #require(try fixture.subscribe("a", "b")).cursors.count == 1)
        try fixture.publish("2", to: "a")
        #expect(try fixture.subscribe("a") != nil)
    }

    @Test func `is told to who was behind, after all it had still to get`() throws {
        let fixture = Fixture()
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        let end = "event: crier.end\ndata: {\"channel\":\"a\"}\n\n"
        #expect(fixture.replay(subscription) == [wire(2, "2"), wire(3, "3"), end])
        fixture.hub.unsubscribe(subscription.cursors[0].topic, lastOn: 0)
        #expect(fixture.hub.summary.events == 0)
        try fixture.publish("again", to: "a")
        #expect(try #require(try fixture.subscribe("a", from: "e-3")).gap == nil)
    }

    @Test func `comes with a gap for who was too far behind, since there is nothing to come back for`() throws {
        let fixture = Fixture(HistoryLimits(events: 2))
        try fixture.publish("1", to: "a")
        let subscription = try #require(try fixture.subscribe("a", from: "e-0"))
        for number in 2...5 { try fixture.publish("\(number)", to: "a") }
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        var frames: [Frame] = []
        let slice = fixture.hub.read(subscription.cursors, after: 0, now: 0, budget: .max, into: &frames)
        let gap = #"{"requested":"e-0","oldest":null,"newest":null,"lost":5}"#
        let expected = "event: crier.gap\ndata: \(gap)\n\nevent: crier.end\ndata: {\"channel\":\"a\"}\n\n"
        #expect(slice.closingNotices.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test func `of one of several channels is part of the gap for who comes back`() throws {
        let fixture = Fixture()
        for number in 1...4 { try fixture.publish("\(number)", to: "a") }
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        let subscription = try #require(try fixture.subscribe("a", "b", from: "e-1"))
        #expect(subscription.gap?.lost == 3)
        #expect(subscription.cursors.count == 1)
    }

    @Test func `closes who was behind when the channel begins anew`() throws {
        let fixture = Fixture()
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        try fixture.publish("again", to: "a")
        #expect(fixture.replay(subscription) == ["fell off"])
    }

    @Test func `of more channels than are remembered is forgotten, the oldest first`() throws {
        let fixture = Fixture()
        for number in 1...10_005 {
            try fixture.publish("x", to: "c\(number)")
            _ = fixture.hub.end(try ChannelName("c\(number)"), now: 0)
        }
        #expect(fixture.hub.summary.channels == 10_000)
        #expect(try fixture.subscribe("c1") != nil)
        #expect(try fixture.subscribe("c10005") == nil)
    }

    @Test func `is not there for a channel that nobody knows, nor twice`() throws {
        let fixture = Fixture()
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == nil)
        try fixture.publish("1", to: "a")
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == 0)
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == nil)
    }

    @Test func `is forgotten in the end`() throws {
        let fixture = Fixture(HistoryLimits(age: 1000))
        try fixture.publish("1", to: "a")
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        fixture.hub.sweep(now: 5000)
        #expect(fixture.hub.summary.channels == 0)
        #expect(try fixture.subscribe("a") != nil)
    }
}

@Suite(.endsInTime()) struct `A mailbox` {
    @Test func `rings only when its loop sleeps`() throws {
        let rings = Rings()
        let mailbox = Mailbox(wakeLoop: { rings.count.withLock { $0 += 1 } })
        mailbox.wake()
        #expect(rings.count.withLock { $0 } == 0)
        #expect(mailbox.prepareToSleep())
        mailbox.wake()
        mailbox.wake()
        #expect(rings.count.withLock { $0 } == 1)
    }

    @Test func `does not let its loop sleep over a item`() {
        let mailbox = Mailbox(wakeLoop: {})
        let frame = Frame(sequence: 1, time: 0, wire: [1, 2, 3])
        mailbox.post([MailboxItem(frame: frame, topic: TopicID(index: 0), work: 30, backlog: Backlog())])
        #expect(!mailbox.prepareToSleep())
    }

    @Test func `counts work until it is done, and says when that brought it down to the limit`() {
        let mailbox = Mailbox(wakeLoop: {})
        let (frame, ofTopic) = (Frame(sequence: 1, time: 0, wire: [1, 2, 3]), Backlog())
        for _ in 0..<3 {
            mailbox.post([MailboxItem(frame: frame, topic: TopicID(index: 0), work: 30, backlog: ofTopic)])
        }
        #expect(mailbox.backlog.current == 90 && ofTopic.current == 90)
        #expect(!ofTopic.subtract(30, limit: 40))
        #expect(ofTopic.subtract(30, limit: 40))
        #expect(!ofTopic.subtract(30, limit: 40))
        #expect(ofTopic.current == 0 && mailbox.backlog.current == 90)
    }
}

private final class Rings: Sendable {
    let count = Mutex(0)
}
