import EventStreams
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The end of a channel` {
    @Test func `follows all events of the channel, and evicts them when the last subscriber leaves`() throws {
        let fixture = HubFixture()
        _ = try fixture.subscribe("a")
        try fixture.publish("1", to: "a")
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == 1)
        let items = fixture.items()
        #expect(items.map { $0.frame.endsTopic != nil } == [false, true])
        #expect(fixture.text(items[1].frame) == "event: crier.end\ndata: {\"channel\":\"a\"}\n\n")
        fixture.hub.unsubscribe(items[0].topic, lastOn: 0)
        #expect(fixture.hub.summary.events == 0)
    }

    @Test func `turns subscribers away until someone publishes to the channel again`() throws {
        let fixture = HubFixture()
        try fixture.publish("1", to: "a")
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        #expect(try fixture.subscribe("a") == nil)
        #expect(try #require(try fixture.subscribe("a", "b")).cursors.count == 1)
        try fixture.publish("2", to: "a")
        #expect(try fixture.subscribe("a") != nil)
    }

    @Test func `follows the remaining events for a subscriber that is behind`() throws {
        let fixture = HubFixture()
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

    @Test func `follows a gap for a subscriber that is too far behind: it has no channel to reconnect to`() throws {
        let fixture = HubFixture(HistoryLimits(events: 2))
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

    @Test func `of one of several channels adds the missed events to the gap when a subscriber resumes`() throws {
        let fixture = HubFixture()
        for number in 1...4 { try fixture.publish("\(number)", to: "a") }
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        let subscription = try #require(try fixture.subscribe("a", "b", from: "e-1"))
        #expect(subscription.gap?.lost == 3)
        #expect(subscription.cursors.count == 1)
    }

    @Test func `reaches a subscriber that is behind although someone has published to the channel again`() throws {
        let fixture = HubFixture()
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let behind = try #require(try fixture.subscribe("a", from: "e-1"))
        let ends = try (1...3).map { round in
            _ = fixture.hub.end(try ChannelName("a"), now: 0)
            try fixture.publish("again \(round)", to: "a")
            return try #require(try fixture.subscribe("a", from: "e-0"))
        }
        let end = "event: crier.end\ndata: {\"channel\":\"a\"}\n\n"
        #expect(fixture.replay(behind) == [wire(2, "2"), wire(3, "3"), end])
        #expect(
            ends.map { fixture.replay($0) } == [
                [wire(5, "again 1"), end], [wire(7, "again 2"), end], [wire(9, "again 3")],
            ])
        // The first misses the three events of before, the next one that of the first round too.
        #expect(ends.map(\.gap?.lost) == [3, 4, 5])
        for subscription in [behind] + ends { fixture.hub.unsubscribe(subscription.cursors[0].topic, lastOn: 0) }
        #expect(fixture.hub.summary.events == 1 && fixture.hub.summary.subscribers == 0)
    }

    @Test func `takes no event with it, however few and small the history may be`() throws {
        for limits in [HistoryLimits(events: 1), HistoryLimits(bytes: 30)] {
            let fixture = HubFixture(limits)
            let subscription = try #require(try fixture.subscribe("a"))
            try fixture.publish("a large event", to: "a")
            _ = fixture.hub.end(try ChannelName("a"), now: 0)
            let end = "event: crier.end\ndata: {\"channel\":\"a\"}\n\n"
            #expect(fixture.replay(subscription) == [wire(1, "a large event"), end])
        }
    }

    @Test func `is forgotten, the oldest first, when there is no room for another channel`() throws {
        let hub = Hub(
            epoch: Epoch(description: "e"), policy: HistoryPolicy(channels: 100), mailboxes: [Mailbox(wakeLoop: {})])
        func enter(_ name: String) throws -> Subscription? {
            hub.enter(SubscriptionRequest(channels: [try ChannelName(name)]), now: 0)
        }
        // One channel that ends again and again must not push the others out.
        for number in 1...3000 {
            let name = try ChannelName(number <= 100 ? "c\(number)" : "c100")
            _ = hub.publish(Event(data: EventData("x")), to: [name], now: 0)
            #expect(hub.end(name, now: 0) == 0)
        }
        #expect(hub.summary.channels == 100)
        for number in 1...100 { #expect(try enter("c\(number)") == nil) }
        #expect(try enter("new") != nil && hub.summary.channels == 100)
        #expect(try enter("c2") == nil && enter("c1") != nil)
    }

    @Test func `stays remembered while its channel has subscribers, and is forgotten after them`() throws {
        let hub = Hub(
            epoch: Epoch(description: "e"), policy: HistoryPolicy(channels: 3), mailboxes: [Mailbox(wakeLoop: {})])
        func enter(_ name: String) throws -> Subscription? {
            hub.enter(SubscriptionRequest(channels: [try ChannelName(name)]), now: 0)
        }
        let behind = try #require(try enter("a"))
        for name in ["a", "b", "c"] {
            _ = hub.publish(Event(data: EventData("x")), to: [try ChannelName(name)], now: 0)
            _ = hub.end(try ChannelName(name), now: 0)
        }
        #expect(try enter("new") != nil)
        #expect(try enter("a") == nil && enter("c") == nil, "the end of b made room")
        hub.unsubscribe(behind.cursors[0].topic, lastOn: 0)
        #expect(try enter("newer") != nil)
        #expect(try enter("a") == nil, "the end of c made room, since a had its turn")
        #expect(try enter("newest") != nil && hub.summary.channels == 3)
        #expect(try enter("one more").map { _ in 0 } == nil)
    }

    @Test func `needs a channel that exists and has not ended yet`() throws {
        let fixture = HubFixture()
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == nil)
        try fixture.publish("1", to: "a")
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == 0)
        #expect(fixture.hub.end(try ChannelName("a"), now: 0) == nil)
    }

    @Test func `expires at the age limit of the history`() throws {
        let fixture = HubFixture(HistoryLimits(age: 1000))
        try fixture.publish("1", to: "a")
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        fixture.hub.sweep(now: 5000)
        #expect(fixture.hub.summary.channels == 0)
        #expect(try fixture.subscribe("a") != nil)
    }
}
