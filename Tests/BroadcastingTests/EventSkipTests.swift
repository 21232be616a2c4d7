import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `A subscriber that skips` {
    @Test func `receives a gap that counts the lost events, and then the newest event`() throws {
        let fixture = try SlowPolicyFixture(events: 3)
        var reader = try fixture.subscribe("s/1")
        for number in 1...9 { try fixture.publish("\(number)", to: "s/1") }
        #expect(reader.cut() == nil)
        #expect(reader.read() == ["lost 8", "9"])
        #expect(reader.read() == [])
        for number in 10...12 { try fixture.publish("\(number)", to: "s/1") }
        #expect(reader.read() == ["10", "11", "12"])
    }

    @Test func `receives a gap that names its position and the event that follows`() throws {
        let fixture = try SlowPolicyFixture(events: 3)
        let reader = try fixture.subscribe("s/1", "d/1")
        try fixture.publish("got", to: "d/1")
        for number in 2...6 { try fixture.publish("\(number)", to: "s/1") }
        try fixture.publish("next", to: "d/1")
        try fixture.end("s/1")
        var frames: [Frame] = []
        let slice = fixture.hub.read(
            reader.cursors, after: 1, isSlow: true, now: 0, budget: .max, into: &frames)
        #expect(slice.skipped == .events)
        #expect(slice.gap == Gap(requested: "e-1", oldest: "e-6", newest: "e-7", lost: 4))
        #expect(frames.map(\.sequence) == [6, 7, 8])
    }

    @Test func `receives a gap that counts evicted events too`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 5), events: 3)
        var reader = try fixture.subscribe("s/1")
        for number in 1...40 { try fixture.publish("\(number)", to: number % 2 == 0 ? "s/1" : "d/1") }
        #expect(reader.read() == ["lost 19", "40"])
    }

    @Test func `receives no second gap for the same events when the first had to wait for its socket`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 5), events: 3)
        var reader = try fixture.subscribe("s/1")
        for number in 1...9 { try fixture.publish("\(number)", to: "s/1") }
        var frames: [Frame] = []
        // The socket takes the gap and nothing after it.
        let slice = fixture.hub.read(
            reader.cursors, after: reader.position, isSlow: true, now: 0, budget: .max, into: &frames)
        #expect(slice.gap?.lost == 8)
        reader.cursors = try #require(slice.cursors)
        for number in 10...19 { try fixture.publish("\(number)", to: "s/1") }
        #expect(reader.read() == ["lost 10", "19"])
    }

    @Test func `skips nothing when only the newest event is too large or too old`() throws {
        let fixture = try SlowPolicyFixture(bytes: 5, age: 5)
        var reader = try fixture.subscribe("s/1")
        try fixture.publish("1", to: "s/1")
        #expect(reader.read(now: 9999) == ["1"])
    }

    @Test func `continues with the next event when the log retains none`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 0))
        var reader = try fixture.subscribe("s/1")
        for number in 1...9 { try fixture.publish("\(number)", to: "s/1") }
        #expect(reader.read() == ["lost 9"])
        #expect(reader.read() == [])
    }

    @Test func `receives a gap without a number when the hub no longer knows the number`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 1))
        var reader = try fixture.subscribe("s/1")
        for number in 1...2000 { try fixture.publish("\(number)", to: "s/1") }
        #expect(reader.read() == ["lost ?", "2000"])
    }

    @Test func `receives the end of its channel after the newest event`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 6), events: 3)
        var reader = try fixture.subscribe("s/1")
        for number in 1...9 { try fixture.publish("\(number)", to: "s/1") }
        try fixture.end("s/1")
        #expect(reader.cut() == nil)
        #expect(reader.read() == ["lost 8", "9", "end"])
    }
}
