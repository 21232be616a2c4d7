import Bytes
import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting

/// A hub with a bit of everything that a snapshot holds.
private struct Eventful {
    let fixture = HubFixture(HistoryLimits(events: 3))
    var subscriptions: [Subscription] = []

    init() throws {
        for number in 1...5 { try fixture.publish("\(number)", to: "a", "b/x", id: number == 4 ? "mine" : nil) }
        subscriptions.append(try #require(try fixture.subscribe("a", from: "e-3")))
        subscriptions.append(try #require(try fixture.subscribe("ending", "a")))
        try fixture.publish("last words", to: "ending")
        _ = fixture.hub.end(try ChannelName("ending"), now: 1)
        // Another topic gets the name, and the subscriber of the old one still has to get the end.
        try fixture.publish("a new life", to: "ending")
        let request = SubscriptionRequest(
            channels: [], patterns: [try ChannelPattern("b/*")], lastEventID: Array("e-1".utf8))
        subscriptions.append(try #require(fixture.hub.enter(request, now: 0)))
        try fixture.publish("gone", to: "ended")
        _ = fixture.hub.end(try ChannelName("ended"), now: 2)
        let key = Idempotency(key: IdempotencyKey(Array("key".utf8)[...])!, fingerprint: 9)
        let publication = Publication(Event(data: EventData("once")), to: [try ChannelName("a")])
        _ = fixture.hub.publish([publication], idempotency: key, reply: ReplyAddress(loop: 0, token: 0), now: 3)
    }

    /// The same in another process.
    func restored() throws -> (fixture: HubFixture, subscriptions: [Subscription]) {
        let (snapshot, topics) = fixture.hub.snapshot()
        let other = HubFixture(HistoryLimits(events: 3))
        let restored = try other.hub.restore(snapshot, now: 10)
        let moved = try subscriptions.map { subscription in
            let cursors = try subscription.cursors.map { cursor in
                let topic = restored[try #require(topics.place(of: cursor.topic))]
                other.hub.attach(topic.id, on: 0)
                return TopicCursor(
                    topic: topic.id, reportedThrough: cursor.reportedThrough,
                    reportedEvictions: cursor.reportedEvictions)
            }
            return Subscription(
                cursors: cursors, subjects: subscription.subjects, position: subscription.position, isBehind: true,
                isResumed: true,
                hasMissed: false, gap: nil)
        }
        other.hub.finishRestoring(now: 10)
        return (other, moved)
    }
}

@Suite(.endsInTime()) struct `A hub restored from a snapshot` {
    @Test func `gives each subscriber what the hub before would have given it`() throws {
        let before = try Eventful()
        let (after, moved) = try before.restored()
        for (subscription, other) in zip(before.subscriptions, moved) {
            let expected = before.fixture.replay(subscription)
            let given = after.replay(other)
            #expect(given == expected)
            #expect(!expected.isEmpty)
        }
        let end = after.replay(moved[1]).joined()
        #expect(end.contains("last words") && end.contains("crier.end") && !end.contains("a new life"))
    }

    @Test func `knows positions, ids, ends, keys and numbers of before`() throws {
        let before = try Eventful()
        let (after, _) = try before.restored()
        for id in ["e-1", "e-3", "mine", "unknown"] {
            let expected = try before.fixture.subscribe("a", "b/x", from: id)
            let given = try after.subscribe("a", "b/x", from: id)
            #expect(given?.gap == expected?.gap && given?.position == expected?.position, "\(id)")
        }
        let ended = try after.subscribe("ended")
        #expect(ended == nil)
        let key = Idempotency(key: IdempotencyKey(Array("key".utf8)[...])!, fingerprint: 9)
        let publication = Publication(Event(data: EventData("once")), to: [try ChannelName("a")])
        let outcome = after.hub.publish(
            [publication], idempotency: key, reply: ReplyAddress(loop: 0, token: 0), now: 20)
        guard case .repeated = outcome else { return #expect(Bool(false), "\(outcome)") }
        let (expected, given) = (before.fixture.hub.summary, after.hub.summary)
        #expect(given.head == expected.head && given.events == expected.events && given.bytes == expected.bytes)
        let next = try after.publish("next", to: "a")
        #expect(next.first == "e-\(expected.head + 1)")
    }

    @Test func `keeps the events of a channel whose name shares a slot with a removed one`() throws {
        func slot(_ name: String) -> UInt64 {
            var hash = StableHash()
            hash.add(name)
            return hash.value % 8192
        }
        let other = try #require((0..<100_000).lazy.map { "c\($0)" }.first { slot($0) == slot("a") })
        let policy = HistoryPolicy(rules: [
            HistoryRule(pattern: try ChannelPattern(other), limits: HistoryLimits(age: 10))
        ])
        let mailbox = Mailbox(wakeLoop: {})
        func hub() -> Hub { Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox]) }
        let before = hub()
        for name in ["a", "a", other] {
            _ = before.publish(Event(data: EventData("x")), to: [try ChannelName(name)], now: 0)
        }
        before.sweep(now: 100)
        #expect(before.summary.channels == 1)
        let (snapshot, _) = before.snapshot()
        let after = hub()
        _ = try after.restore(snapshot, now: 100)
        after.finishRestoring(now: 100)
        let request = SubscriptionRequest(channels: [try ChannelName("a")], lastEventID: Array("e-1".utf8))
        let (expected, given) = (before.enter(request, now: 100), after.enter(request, now: 100))
        #expect(given?.gap == expected?.gap && given?.gap == nil)
        var frames: [Frame] = []
        _ = after.read(given?.cursors ?? [], after: 1, now: 100, budget: 1000, into: &frames)
        #expect(frames.map(\.sequence) == [2])
    }

    @Test func `refuses contents that contradict each other, and never ends the process`() throws {
        let (snapshot, _) = try Eventful().fixture.hub.snapshot()
        var generator = SplitMix(state: 1)
        var refused = 0
        for _ in 0..<3000 {
            var contents = Array(snapshot.dropLast(8))
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                contents[Int.random(in: contents.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            let hub = HubFixture().hub
            unsafe contents.withUnsafeBytes { bytes in
                var reader = unsafe ByteReader(unchecked: bytes)
                do {
                    _ = try hub.restore(&reader, now: 10)
                    hub.finishRestoring(now: 10)
                    hub.sweep(now: 1 << 50)
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 500, "\(refused)")
    }
}
