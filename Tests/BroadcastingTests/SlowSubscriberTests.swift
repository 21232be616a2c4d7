import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `A slow subscriber` {
    @Test(arguments: SlowPolicy.Action.allCases)
    func `receives every event while it exceeds no limit`(_ action: SlowPolicy.Action) throws {
        let channel = "\(action.rawValue.first!)/1"
        let fixture = try SlowPolicyFixture(events: 3, bytes: 1000, age: 1000)
        var reader = try fixture.subscribe(channel)
        for number in 1...3 { try fixture.publish("\(number)", to: channel, now: 500) }
        #expect(reader.cut(now: 1500) == nil)
        #expect(reader.read(now: 1500) == ["1", "2", "3"])
    }

    @Test func `loses its connection when it is too many events behind`() throws {
        let fixture = try SlowPolicyFixture(events: 3)
        var reader = try fixture.subscribe("d/1")
        for number in 1...4 { try fixture.publish("\(number)", to: "d/1") }
        #expect(reader.cut() == .events)
        #expect(reader.read() == ["cut: events"])
    }

    @Test func `loses its connection when it is too many bytes on the wire behind`() throws {
        // "id: e-1\ndata: 1\n\n" is 17 bytes.
        let fixture = try SlowPolicyFixture(bytes: 34)
        let reader = try fixture.subscribe("d/1")
        for number in 1...2 { try fixture.publish("\(number)", to: "d/1") }
        #expect(reader.cut() == nil)
        try fixture.publish("3", to: "d/1")
        #expect(reader.cut() == .bytes)
    }

    @Test func `loses its connection when the oldest event that it has not received is too old`() throws {
        let fixture = try SlowPolicyFixture(age: 1000)
        var reader = try fixture.subscribe("d/1")
        try fixture.publish("1", to: "d/1", now: 5000)
        try fixture.publish("2", to: "d/1", now: 5900)
        #expect(reader.cut(now: 6000) == nil)
        #expect(reader.cut(now: 6001) == .age)
        #expect(reader.cut(now: 0) == nil, "the clock was set back")
        reader.position = 1
        #expect(reader.cut(now: 6001) == nil)
    }

    @Test func `loses its connection for the limit that it exceeds first`() throws {
        let fixture = try SlowPolicyFixture(events: 2, bytes: 100, age: 1000)
        let first = try fixture.subscribe("d/1")
        try fixture.publish(String(repeating: "x", count: 100), to: "d/1")
        #expect(first.cut(now: 0) == .bytes)
        let second = try fixture.subscribe("d/1")
        for number in 1...3 { try fixture.publish("\(number)", to: "d/1", now: 10) }
        #expect(second.cut(now: 10) == .events)
        let third = try fixture.subscribe("d/1")
        try fixture.publish("x", to: "d/1", now: 20)
        #expect(third.cut(now: 1021) == .age)
    }

    @Test func `is not behind by events that it has received`() throws {
        let fixture = try SlowPolicyFixture(bytes: 34)
        for number in 1...9 { try fixture.publish("\(number)", to: "d/1") }
        var reader = try fixture.subscribe("d/1", from: "e-6")
        #expect(reader.cut() == .bytes)
        reader.position = 7
        #expect(reader.cut() == nil)
    }

    @Test func `was live before: no limit applies to one that resumes and reads retained events`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 20), events: 3, bytes: 10, age: 1)
        var readers = [
            try fixture.subscribe("d/1", from: "e-0"), try fixture.subscribe("s/1", from: "e-0"),
            try fixture.subscribe("l/1", from: "e-0"),
        ]
        for number in 1...20 { try fixture.publish("\(number)", to: "d/1", "s/1", "l/1") }
        for index in readers.indices {
            #expect(readers[index].cut(isSlow: false, now: 9999) == nil)
            #expect(readers[index].read(isSlow: false, now: 9999).count == 20)
        }
    }

    @Test func `loses its connection, like any other, when the log evicts its next event`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 3))
        var reader = try fixture.subscribe("d/1")
        for number in 1...3 { try fixture.publish("\(number)", to: "d/1") }
        #expect(reader.cut() == nil)
        try fixture.publish("4", to: "d/1")
        #expect(reader.cut(isSlow: false) == .history)
        #expect(reader.read(isSlow: false) == ["cut: history"])
    }

    @Test func `keeps its connection when the log evicts an event that it has received in part`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 0), age: 1000)
        var reader = try fixture.subscribe("d/1")
        try fixture.publish("large", to: "d/1")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        let partial = items[0].frame
        #expect(reader.cut() == .history)
        #expect(reader.cut(partial: partial) == nil)
        try fixture.publish("next", to: "d/1")
        #expect(reader.cut(partial: partial) == .history)
        reader.position = 2
        #expect(reader.cut() == nil)
    }

    @Test func `of ended channels receives a gap that counts each missed event once, and then the end`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 2))
        for number in 1...3 { try fixture.publish("\(number)", to: "d/1") }
        // One event is missing, and the first gap counts it.
        let reader = try fixture.subscribe("d/1", from: "e-0")
        #expect(reader.gap?.lost == 1)
        for number in 4...6 { try fixture.publish("\(number)", to: "d/1") }
        try fixture.end("d/1")
        let end = "event: crier.end\ndata: {\"channel\":\"d/1\"}\n\n"
        let cut = try #require(fixture.hub.cut(reader.cursors, after: 0, isSlow: true, now: 0))
        let notices = cut.closingNotices.map { String(decoding: $0, as: UTF8.self) }
        #expect(notices?.contains("\"lost\":5}") == true && notices?.hasSuffix(end) == true)
        // It misses three events once it has received the third, or a part of it.
        for (position, started) in [(3, nil), (0, 3)] as [(UInt64, UInt64?)] {
            let partial = started.map { Frame(sequence: $0, time: 0, wire: []) }
            let cut = fixture.hub.cut(reader.cursors, after: position, partial: partial, isSlow: true, now: 0)
            #expect(cut?.closingNotices.map { String(decoding: $0, as: UTF8.self).contains("\"lost\":3}") } == true)
        }
    }

    @Test func `of ended channels receives the end even without any history, and not twice`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 0))
        var reader = try fixture.subscribe("d/1")
        try fixture.end("d/1")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(reader.cut() == nil && reader.read() == ["end"])
        #expect(fixture.hub.cut(reader.cursors, after: 0, partial: items[0].frame, isSlow: true, now: 0) == nil)
    }

    @Test func `of ended channels does not receive an end again that it has received in part`() throws {
        let fixture = try SlowPolicyFixture(age: 1000)
        let reader = try fixture.subscribe("d/1", "d/2")
        try fixture.end("d/1")
        try fixture.publish("x", to: "d/2")
        try fixture.end("d/2")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        let cut = fixture.hub.cut(reader.cursors, after: 0, partial: items[0].frame, isSlow: true, now: 1001)
        let notices = cut?.closingNotices.map { String(decoding: $0, as: UTF8.self) } ?? ""
        #expect(notices.contains("\"lost\":1}") && notices.hasSuffix("{\"channel\":\"d/2\"}\n\n"))
        #expect(!notices.contains("{\"channel\":\"d/1\"}"))
    }

    @Test func `is no further behind after the end of a channel`() throws {
        let fixture = try SlowPolicyFixture(events: 2, bytes: 34)
        var reader = try fixture.subscribe("d/1")
        for number in 1...2 { try fixture.publish("\(number)", to: "d/1") }
        try fixture.end("d/1")
        #expect(reader.cut() == nil)
        #expect(reader.read() == ["1", "2", "end"])
    }
}
