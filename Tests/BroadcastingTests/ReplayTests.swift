import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `A new subscriber` {
    @Test func `starts where its request says`() throws {
        let fixture = PatternFixture()
        for number in 1...6 {
            try fixture.publish("\(number)", to: number % 2 == 0 ? "a" : "b", now: UInt64(number) * 1000)
        }
        func read(_ names: String..., replay: ReplayStart?) throws -> [String] {
            let start =
                names.count == 1
                ? try fixture.subscribe(names[0], replay: replay)
                : try fixture.subscribe(names[0], names[1], replay: replay)
            return fixture.read(start)
        }
        #expect(try read("a", replay: nil) == [])
        #expect(try read("a", replay: ReplayStart.none) == [])
        #expect(try read("a", replay: .all) == ["2", "4", "6"])
        #expect(try read("a", replay: .last(2)) == ["4", "6"])
        #expect(try read("a", replay: .last(99)) == ["2", "4", "6"])
        #expect(try read("a", "b", replay: .last(1)) == ["5", "6"])
        #expect(try read("*", replay: .last(1)) == ["6"])
        #expect(try read("*", replay: .last(4)) == ["3", "4", "5", "6"])
        #expect(try read("a", replay: .since(3500)) == ["4", "6"])
        #expect(try read("a", replay: .since(4000)) == ["4", "6"])
        #expect(try read("a", "*", replay: .since(5000)) == ["5", "6"])
        #expect(try read("*", replay: .since(6001)) == [])
        #expect(try read("*", replay: .all) == ["1", "2", "3", "4", "5", "6"])
        #expect(try read("c", replay: .all) == [])
    }

    @Test func `by a pattern counts an event of two channels once`() throws {
        let fixture = PatternFixture()
        for data in ["1", "2"] { try fixture.publish(data, to: "a") }
        try fixture.publish("3", to: "a", "b")
        #expect(fixture.read(try fixture.subscribe("*", replay: .last(2))) == ["2", "3"])
    }

    @Test func `starts where the rule of each channel says when its request does not`() throws {
        let rules = [
            HistoryRule(pattern: try ChannelPattern("last/*"), limits: HistoryLimits(replay: .last(1))),
            HistoryRule(pattern: try ChannelPattern("all/**"), limits: HistoryLimits(replay: .all)),
        ]
        let fixture = PatternFixture(HistoryPolicy(rules: rules))
        for number in 1...3 {
            for channel in ["last/a", "all/a", "other"] { try fixture.publish("\(channel) \(number)", to: channel) }
        }
        #expect(fixture.read(try fixture.subscribe("last/a")) == ["last/a 3"])
        #expect(
            fixture.read(try fixture.subscribe("other", "last/a", "all/a"))
                == ["all/a 1", "all/a 2", "last/a 3", "all/a 3"])
        #expect(fixture.read(try fixture.subscribe("all/**")) == ["all/a 1", "all/a 2", "all/a 3"])
        // The request takes precedence over the rules, and a position over both.
        #expect(fixture.read(try fixture.subscribe("all/a", replay: ReplayStart.none)) == [])
        #expect(fixture.read(try fixture.subscribe("all/a", from: "e-5", replay: .all)) == ["all/a 3"])
    }
}

@Suite(.endsInTime()) struct `An id that many channels use` {
    private let fixture = HubFixture(HistoryLimits(events: 2))

    @Test func `is found in each of them, and in a pattern that matches few of them`() throws {
        for number in 0..<5000 {
            try fixture.publish("before", to: "c/\(number)")
            try fixture.publish("one", to: "c/\(number)", id: "1")
            try fixture.publish("after", to: "c/\(number)")
        }
        let subscription = try #require(try fixture.subscribe("c/77", from: "1"))
        #expect(subscription.gap == nil && fixture.replay(subscription).map { $0.contains("after") } == [true])

        try fixture.publish("one", to: "d/1", id: "2")
        try fixture.publish("one", to: "d/2", id: "2")
        try fixture.publish("after", to: "d/2")
        let pattern = SubscriptionRequest(
            channels: [], patterns: [try ChannelPattern("d/*")], lastEventID: Array("2".utf8))
        let both = try #require(fixture.hub.enter(pattern, now: 0))
        #expect(both.gap == nil && fixture.replay(both).count == 2, "it resumes after the earlier of the two")
    }

    @Test func `is unknown to a pattern when too many use it, which a gap says`() throws {
        for number in 0..<5000 { try fixture.publish("one", to: "c/\(number)", id: "1") }
        let pattern = SubscriptionRequest(
            channels: [], patterns: [try ChannelPattern("c/1")], lastEventID: Array("1".utf8))
        let resumed = try #require(fixture.hub.enter(pattern, now: 0))
        #expect(resumed.gap?.lost == nil && resumed.gap != nil)
        #expect(fixture.replay(resumed).count == 1, "everything that is retained follows")
    }

    @Test func `is forgotten with the last event that has it`() throws {
        for _ in 0..<3 {
            try fixture.publish("one", to: "a", "b", id: "1")
            try fixture.publish("two", to: "a")
            try fixture.publish("three", to: "a")
            #expect(try #require(try fixture.subscribe("a", from: "1")).gap != nil)
            #expect(try #require(try fixture.subscribe("b", from: "1")).gap == nil)
        }
    }
}
