import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `A gap` {
    @Test(arguments: ["x", "e-99", "other-1", "e-01", "\u{FFFD}", "e-1e"])
    func `precedes every retained event when the position is malformed, unknown or of another epoch`(
        _ id: String
    ) throws {
        let fixture = HubFixture()
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: id))
        #expect(subscription.gap == Gap(requested: id, oldest: "e-1", newest: "e-3", lost: nil))
        #expect(fixture.replay(subscription).count == 3)
    }

    @Test func `counts the missing events when the hub knows their number`() throws {
        let fixture = HubFixture(HistoryLimits(events: 3))
        for number in 1...10 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-0"))
        #expect(subscription.gap == Gap(requested: "e-0", oldest: "e-8", newest: "e-10", lost: 7))
        #expect(fixture.replay(subscription) == [wire(8, "8"), wire(9, "9"), wire(10, "10")])
    }

    @Test func `counts the events after a recent position, and gives no number for one too far back`() throws {
        let fixture = HubFixture(HistoryLimits(events: 3))
        for number in 1...2000 { try fixture.publish("\(number)", to: number % 2 == 0 ? "a" : "b") }
        #expect(try #require(try fixture.subscribe("a", from: "e-1980")).gap?.lost == 7)
        #expect(try #require(try fixture.subscribe("a", "b", from: "e-1981")).gap?.lost == 13)
        for number in 1...2000 { try fixture.publish("\(number)", to: "a") }
        #expect(
            try #require(try fixture.subscribe("a", from: "e-1980")).gap
                == Gap(
                    requested: "e-1980", oldest: "e-3998", newest: "e-4000", lost: nil))
    }

    @Test func `appears once, before the retained events of all channels`() throws {
        let fixture = HubFixture(HistoryLimits(events: 2))
        for number in 1...3 { try fixture.publish("a\(number)", to: "a") }
        for number in 4...5 { try fixture.publish("b\(number)", to: "b") }
        let subscription = try #require(try fixture.subscribe("a", "b", from: "e-0"))
        #expect(subscription.gap?.lost == 1)
        #expect(fixture.replay(subscription) == [wire(2, "a2"), wire(3, "a3"), wire(4, "b4"), wire(5, "b5")])
    }

    @Test func `that opens while a subscriber replays cuts it off`() throws {
        let fixture = HubFixture(HistoryLimits(events: 2))
        for number in 1...3 { try fixture.publish("\(number)", to: "a") }
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        try fixture.publish("4", to: "a")
        #expect(fixture.replay(subscription) == ["cut"])
    }

    @Test func `precedes the events when a subscriber resumes in a removed channel`() throws {
        let fixture = HubFixture(HistoryLimits(age: 1000))
        try fixture.publish("1", to: "a", now: 0)
        try fixture.publish("2", to: "a", now: 0)
        fixture.hub.sweep(now: 5000)
        #expect(fixture.hub.summary.channels == 0)
        let subscription = try #require(try fixture.subscribe("a", from: "e-1", now: 5000))
        #expect(subscription.gap == Gap(requested: "e-1", oldest: nil, newest: nil, lost: nil))
    }

    @Test func `does not appear when the subscriber has received every event of a removed channel`() throws {
        let fixture = HubFixture(HistoryLimits(age: 1000))
        try fixture.publish("1", to: "a", now: 0)
        fixture.hub.sweep(now: 5000)
        #expect(try #require(try fixture.subscribe("a", from: "e-1", now: 5000)).gap == nil)
    }

    @Test func `counts an event that the archive cannot read, and the older events of its channels`() throws {
        let fixture = HubFixture()
        for number in 1...4 { try fixture.publish("a\(number)", to: "a") }
        try fixture.publish("both", to: "a", "b")
        #expect(fixture.hub.evictUnreadable(3))
        let subscription = try #require(try fixture.subscribe("a", from: "e-1"))
        #expect(subscription.gap == Gap(requested: "e-1", oldest: "e-4", newest: "e-5", lost: 2))
        #expect(fixture.replay(subscription) == [wire(4, "a4"), wire(5, "both")])
        #expect(fixture.hub.evictUnreadable(5))
        #expect(try #require(try fixture.subscribe("b", from: "e-4")).gap != nil)
        // The hub ignores events that it evicted already or never had.
        #expect(!fixture.hub.evictUnreadable(5) && !fixture.hub.evictUnreadable(1) && !fixture.hub.evictUnreadable(99))
    }

    @Test func `does not appear when the subscriber resumes from a publisher's id that the log retains`() throws {
        let fixture = HubFixture(HistoryLimits(events: 3))
        for id in ["x", "y", "x", "z"] { try fixture.publish("\(id)", to: "a", id: id) }
        let subscription = try #require(try fixture.subscribe("a", from: "x"))
        #expect(subscription.gap == nil)
        #expect(fixture.replay(subscription) == ["id: z\ndata: z\n\n"])
        #expect(try #require(try fixture.subscribe("a", from: "nope")).gap != nil)
    }
}
