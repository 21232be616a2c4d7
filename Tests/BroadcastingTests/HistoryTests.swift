import EventStreams
import Synchronization
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The history` {
    @Test func `retains at most the configured number of events`() throws {
        let fixture = HubFixture(HistoryLimits(events: 3))
        for number in 1...5 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-2"))
        #expect(subscription.gap == nil)
        #expect(fixture.replay(subscription) == [wire(3, "3"), wire(4, "4"), wire(5, "5")])
        #expect(fixture.hub.summary.events == 3)
    }

    @Test func `retains at most the configured bytes, or a newest event that alone is larger`() throws {
        let fixture = HubFixture(HistoryLimits(bytes: 100))
        for _ in 1...5 { try fixture.publish(String(repeating: "x", count: 60), to: "a") }
        #expect(fixture.hub.summary.events == 1)
        try fixture.publish(String(repeating: "x", count: 600), to: "a")
        #expect(fixture.hub.summary.events == 1)
    }

    @Test func `retains events up to the configured age`() throws {
        let fixture = HubFixture(HistoryLimits(age: 1000))
        try fixture.publish("old", to: "a", now: 0)
        try fixture.publish("new", to: "a", now: 900)
        let subscription = try #require(try fixture.subscribe("a", from: "e-0", now: 1500))
        #expect(subscription.gap?.lost == 1)
        #expect(fixture.replay(subscription) == [wire(2, "new")])
        fixture.hub.unsubscribe(subscription.cursors[0].topic, lastOn: 0)
        fixture.hub.sweep(now: 5000)
        #expect(
            fixture.hub.summary
                == HubSummary(channels: 0, events: 0, bytes: 0, subscribers: 0, patterns: 0, bytesInMemory: 0, head: 2))
    }

    @Test func `evicts the oldest events of all channels first when they exceed the total`() throws {
        let fixture = HubFixture(total: 3 * (HistoryPolicy.overhead + 17))
        for number in 1...9 { try fixture.publish("\(number)", to: "c\(number)") }
        #expect(fixture.hub.summary.events == 3)
        #expect(fixture.hub.summaries(after: nil, count: 10).summaries.map(\.name.description) == ["c7", "c8", "c9"])
    }

    @Test func `stays within the total with 100,000 channels, and removes them when they are too old`() throws {
        let fixture = HubFixture(HistoryLimits(age: 1000), total: 1 << 20)
        for number in 1...100_000 { try fixture.publish("x", to: "c\(number)") }
        #expect(fixture.hub.summary.bytes <= 1 << 20)
        for _ in 0..<100 { fixture.hub.sweep(now: 10_000) }
        #expect(fixture.hub.summary.channels == 0)
    }

    @Test func `may evict, during a publish, the only event of a channel that the publish names`() throws {
        let fixture = HubFixture(total: 3 * (HistoryPolicy.overhead + 40))
        try fixture.publish("old", to: "b")
        for _ in 0..<3 { try fixture.publish(String(repeating: "x", count: 20), to: "fill") }
        #expect(try fixture.publish(String(repeating: "x", count: 20), to: "fill", "b").channels.count == 2)
        let many = (0..<60).map { "c\($0)" }
        let event = Event(data: EventData(String(repeating: "x", count: 500)))
        #expect(fixture.hub.publish(event, to: try many.map { try ChannelName($0) }, now: 0).channels.count == 60)
        #expect(fixture.hub.summary.channels <= 3)
    }

    @Test func `may retain nothing: live subscribers still receive every event`() throws {
        let fixture = HubFixture(HistoryLimits(events: 0))
        _ = try fixture.subscribe("a")
        try fixture.publish("x", to: "a")
        #expect(fixture.items().count == 1)
        #expect(fixture.hub.summary.events == 0)
    }

    @Test func `applies new limits after a reload`() throws {
        let fixture = HubFixture()
        for number in 1...9 { try fixture.publish("\(number)", to: "a") }
        fixture.hub.apply(HistoryPolicy(standard: HistoryLimits(events: 2)))
        fixture.hub.sweep(now: 0)
        #expect(fixture.hub.summary.events == 2)
    }

    @Test func `takes its limits from the first rule that matches`() throws {
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

/// A hub that counts how often its lock was taken.
private final class CountingHub: Sendable {
    private let readings = Mutex(0)

    func hub(_ policy: HistoryPolicy) -> Hub {
        Hub(
            epoch: Epoch(description: "e"), policy: policy, mailboxes: [Mailbox(wakeLoop: {})],
            clock: { [self] in
                readings.withLock { $0 += 1 }
                return 0
            })
    }

    /// How often the lock was taken: the hub reads the clock at the start and at the end.
    func holds(during body: () throws -> Void) rethrows -> Int {
        let before = readings.withLock { $0 }
        try body()
        return (readings.withLock { $0 } - before) / 2
    }
}

@Suite(.endsInTime()) struct `A mass eviction` {
    private static let events = 5000
    private let counting = CountingHub()
    private let name = try! ChannelName("a")

    private func filled(_ policy: HistoryPolicy = HistoryPolicy(standard: HistoryLimits(events: .max))) -> Hub {
        let hub = counting.hub(policy)
        for _ in 0..<Self.events { _ = hub.publish(Event(data: EventData("x")), to: [name], now: 0) }
        return hub
    }

    /// Does the rest, as the loops do in their turns.
    private func finish(_ hub: Hub) { while hub.evictMore(now: 0) {} }

    @Test func `for the limit of all channels lets other threads have the lock, and is complete before the answer`() {
        let hub = filled()
        hub.apply(HistoryPolicy(standard: HistoryLimits(events: .max), total: 3000))
        let holds = counting.holds { _ = hub.publish(Event(data: EventData("x")), to: [name], now: 0) }
        #expect((8...20).contains(holds), "\(holds)")
        #expect(hub.summary.events == 10 && !hub.hasEvictions)
    }

    @Test func `for the limit of one channel is left to the turns of the loops`() {
        let hub = filled()
        hub.apply(HistoryPolicy(standard: HistoryLimits(events: 10)))
        let holds = counting.holds { _ = hub.publish(Event(data: EventData("x")), to: [name], now: 0) }
        #expect(holds == 1 && hub.hasEvictions)
        let more = counting.holds { finish(hub) }
        #expect((8...20).contains(more), "\(more)")
        #expect(hub.summary.events == 10)
    }

    @Test func `of a deleted channel leaves nothing to those who subscribe later`() throws {
        let hub = filled()
        let holds = counting.holds { #expect(hub.end(name, now: 0) == 0) }
        #expect(holds == 1 && hub.enter(SubscriptionRequest(channels: [name]), now: 0) == nil)
        _ = hub.publish(Event(data: EventData("new")), to: [name], now: 0)
        #expect(hub.summary(of: name)?.events == 1)
        #expect(try #require(hub.enter(SubscriptionRequest(channels: [name]), now: 0)).cursors.count == 1)
        finish(hub)
        #expect(hub.summary.events == 1)
    }

    @Test func `follows the departure of the last subscriber of an ended channel`() throws {
        let hub = filled()
        let subscription = try #require(hub.enter(SubscriptionRequest(channels: [name]), now: 0))
        _ = hub.end(name, now: 0)
        #expect(hub.summary.events == Self.events + 1)
        let holds = counting.holds { hub.unsubscribe(subscription.cursors[0].topic, lastOn: 0) }
        #expect(holds == 1 && hub.hasEvictions)
        finish(hub)
        #expect(hub.summary.events == 0)
    }

    @Test func `of old events happens in the sweep, which takes the lock for few topics at a time`() {
        let hub = counting.hub(HistoryPolicy(standard: HistoryLimits(age: 1000)))
        for number in 0..<3000 {
            _ = hub.publish(Event(data: EventData("x")), to: [try! ChannelName("c\(number)")], now: 0)
        }
        let holds = counting.holds { hub.sweep(now: 5000) }
        #expect(holds > 3000 / 128 && hub.summary.channels == 0)
    }
}
