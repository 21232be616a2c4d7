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
