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

    @Test func `cuts off a subscriber that is behind once someone publishes to the channel again`() throws {
        let fixture = HubFixture()
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        _ = fixture.hub.end(try ChannelName("a"), now: 0)
        try fixture.publish("again", to: "a")
        #expect(fixture.replay(subscription) == ["cut"])
    }

    @Test func `expires for the oldest channels first when more than 10,000 have ended`() throws {
        let fixture = HubFixture()
        for number in 1...10_005 {
            try fixture.publish("x", to: "c\(number)")
            _ = fixture.hub.end(try ChannelName("c\(number)"), now: 0)
        }
        #expect(fixture.hub.summary.channels == 10_000)
        #expect(try fixture.subscribe("c1") != nil)
        #expect(try fixture.subscribe("c10005") == nil)
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
