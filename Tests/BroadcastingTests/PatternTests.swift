import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `A pattern` {
    @Test func `covers the matching channels that exist and those that appear later`() throws {
        let fixture = PatternFixture()
        try fixture.publish("1", to: "news/eu")
        let start = try fixture.subscribe("news/*")
        #expect(!start.isBehind)
        for (name, data) in [("news/us", "2"), ("news", "3"), ("news/eu/sport", "4"), ("sport", "5"), ("news/eu", "6")]
        {
            try fixture.publish(data, to: name)
        }
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(items.map(\.frame.sequence) == [2, 6])
        #expect(fixture.read(try fixture.subscribe("news/*", from: "e-1")) == ["2", "6"])
        #expect(fixture.read(try fixture.subscribe("news/**", from: "e-1")) == ["2", "4", "6"])
        #expect(fixture.read(try fixture.subscribe("*", from: "e-1")) == ["3", "5"])
        #expect(fixture.read(try fixture.subscribe("*/eu", from: "e-0")) == ["1", "6"])
    }

    @Test func `matches the daemon's own channels only when it names their first segment`() throws {
        // A rule, because they keep no event of themselves.
        let fixture = PatternFixture(
            HistoryPolicy(rules: [HistoryRule(pattern: try ChannelPattern("$crier/**"), limits: HistoryLimits())]))
        try fixture.publish("own", to: "$crier/x")
        for pattern in ["**", "*/x", "*/*"] {
            #expect(fixture.read(try fixture.subscribe(pattern, replay: .all)) == [])
            #expect(!(try ChannelPattern(pattern).matches(try ChannelName("$crier/x"))))
        }
        #expect(fixture.read(try fixture.subscribe("$crier/*", replay: .all)) == ["own"])
    }

    @Test func `compares names byte by byte`() throws {
        let fixture = PatternFixture()
        // é as one character, and as two that look the same.
        try fixture.publish("one", to: "caf\u{E9}/x")
        #expect(fixture.read(try fixture.subscribe("cafe\u{301}/*", replay: .all)) == [])
        #expect(fixture.read(try fixture.subscribe("caf\u{E9}/*", replay: .all)) == ["one"])
    }

    @Test(arguments: ["\u{301}b", "\u{200D}", "\u{FE0F}/c"])
    func `splits names at every slash, also at one that a combining mark follows`(rest: String) throws {
        let fixture = PatternFixture()
        let depth = rest.utf8.count { $0 == UInt8(ascii: "/") }
        let pattern = "a" + String(repeating: "/*", count: depth + 1)
        let live = try (fixture.subscribe(pattern), fixture.subscribe("*"))
        try fixture.publish("one", to: "a/" + rest)
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(items.map(\.topic) == [live.0.cursors[0].topic])
        #expect(fixture.read(try fixture.subscribe(pattern, replay: .all)) == ["one"])
        #expect(fixture.read(try fixture.subscribe("*", replay: .all)) == [])
        #expect(throws: ChannelPattern.Invalid.tooManySegments(limit: 2)) {
            try ChannelPattern("a/\u{301}b/*", segments: 2)
        }
    }

    @Test func `is not remembered by a channel that very many patterns match`() throws {
        let fixture = PatternFixture()
        for bits in 0..<128 {
            let segments = (0..<7).map { bits & 1 << $0 == 0 ? "a" : "*" }
            _ = try fixture.subscribe(segments.joined(separator: "/") + "/*")
        }
        try fixture.publish("one", to: "a/a/a/a/a/a/a/x")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(items.count == 128)
        let remembered = fixture.hub.inspect(try ChannelName("a/a/a/a/a/a/a/x")) { $0.matchingPatterns.topics.count }
        #expect(remembered == 0)
    }

    @Test func `costs each read for its subscriber the fewer events, the more patterns the subscriber has`() throws {
        let fixture = PatternFixture(HistoryPolicy(standard: HistoryLimits(events: 10_000)))
        for number in 1...5000 { try fixture.publish("\(number)", to: "b") }
        for (patterns, expected) in [(1, 2048), (100, 21)] {
            let request = SubscriptionRequest(
                channels: [], patterns: try (0..<patterns).map { try ChannelPattern("a\($0)/*") }, replay: .all)
            let subscription = try #require(fixture.hub.enter(request, now: 0))
            var frames: [Frame] = []
            let slice = fixture.hub.read(subscription.cursors, after: 0, now: 0, budget: .max, into: &frames)
            #expect(frames.isEmpty && slice.through == UInt64(expected) && slice.head == nil)
        }
    }

    @Test func `that overlaps other patterns or channels delivers each event once and in order`() throws {
        let fixture = PatternFixture()
        for number in 0..<10 { try fixture.publish("\(number)", to: "a/\(number % 2)", "a/b", "c") }
        let names = ["a/*", "**", "a/0", "c", "*/b"]
        let start = try fixture.subscribe(names[0], names[1], names[2], names[3], names[4], replay: .all)
        for budget in [1, 40, 10_000] { #expect(fixture.read(start, budget: budget) == (0..<10).map { "\($0)" }) }
    }

    @Test func `receives an event of several channels that lies where a scan over foreign events stops`() throws {
        let fixture = PatternFixture(HistoryPolicy(standard: HistoryLimits(events: 10_000)))
        // A scan covers 4,096 places. The event has two, one before that limit and one after it.
        for number in 1...4095 { try fixture.publish("\(number)", to: "b") }
        try fixture.publish("x", to: "b", "a/1")
        #expect(try fixture.read(fixture.subscribe("a/*", from: "e-0")) == ["x"])
    }

    @Test func `counts the evicted events of all matching channels each time a client resumes`() throws {
        let fixture = PatternFixture(HistoryPolicy(standard: HistoryLimits(events: 2)))
        try fixture.publish("seen", to: "a/0")
        for number in 0..<9 { try fixture.publish("\(number)", to: "a/\(number % 3)") }
        for _ in 0..<2 {
            let start = try fixture.subscribe("a/*", from: "e-1")
            #expect(start.gap?.lost == 3)
            #expect(fixture.read(start) == ["3", "4", "5", "6", "7", "8"])
            fixture.hub.unsubscribe(start.cursors[0].topic, lastOn: 0)
        }
        #expect(try fixture.subscribe("b/*", from: "e-1").gap == nil)
    }

    @Test func `notices evictions in any order while its subscriber is behind`() throws {
        let fixture = PatternFixture(HistoryPolicy(standard: HistoryLimits(events: 1)))
        try fixture.publish("1", to: "a/0")
        try fixture.publish("2", to: "a/1")
        let start = try fixture.subscribe("a/*", from: "e-0")
        // The log evicts the newer of the two first.
        try fixture.publish("3", to: "a/1")
        #expect(fixture.read(start) == ["cut"])
        let again = try fixture.subscribe("a/*", from: "e-0")
        #expect(again.gap?.lost == 1 && fixture.read(again) == ["1", "3"])
        try fixture.publish("4", to: "a/0")
        #expect(fixture.read(again) == ["cut"])
    }

    @Test func `resumes from a publisher's id in any matching channel`() throws {
        let fixture = PatternFixture()
        try fixture.publish("1", to: "a/x", id: "mine")
        try fixture.publish("2", to: "a/y")
        let start = try fixture.subscribe("a/*", from: "mine")
        #expect(start.gap == nil && fixture.read(start) == ["2"])
        #expect(try fixture.subscribe("b/*", from: "mine").gap?.requested == "mine")
    }

    @Test func `resumes from the earliest retained event when several have the same id`() throws {
        let fixture = PatternFixture(HistoryPolicy(standard: HistoryLimits(events: 3)))
        for number in 1...4 { try fixture.publish("a\(number)", to: "a/x", id: "same") }
        for number in 1...200 { try fixture.publish("b\(number)", to: "a/y", id: "same") }
        try fixture.publish("c", to: "b/x", id: "same")
        #expect(fixture.read(try fixture.subscribe("a/*", from: "same")) == ["a3", "a4", "b198", "b199", "b200"])
        #expect(fixture.read(try fixture.subscribe("a/y", from: "same")) == ["b199", "b200"])
        #expect(fixture.read(try fixture.subscribe("b/*", from: "same")) == [])
        // The log evicts every event with the id in one channel, and then in all.
        for _ in 1...3 { try fixture.publish("-", to: "a/x") }
        #expect(
            fixture.read(try fixture.subscribe("*/y", "*/x", from: "same")) == ["b199", "b200", "c", "-", "-", "-"])
        for _ in 1...3 { try fixture.publish("-", to: "a/y", "b/x") }
        #expect(try fixture.subscribe("*/*", from: "same").gap?.lost == nil)
    }

    @Test func `remembers the last 1024 evictions of all matching channels`() throws {
        let policy = HistoryPolicy(standard: HistoryLimits(events: 1))
        let fixture = PatternFixture(policy)
        for number in 0..<3000 { try fixture.publish("\(number)", to: "a/\(number % 100)") }
        // The log has evicted everything up to 2900, and remembers the last 1024 of these events.
        #expect(try fixture.subscribe("a/*", from: "e-1877").gap?.lost == 1023)
        #expect(try fixture.subscribe("a/*", from: "e-1876").gap?.lost == 1024)
        #expect(try #require(try fixture.subscribe("a/*", from: "e-1875").gap).lost == nil)
        #expect(try fixture.subscribe("a/*", from: "e-2900").gap == nil)
    }

    @Test func `that matches very many channels resumes without a look at each of them`() throws {
        let policy = HistoryPolicy(standard: HistoryLimits(events: 1))
        let fixture = PatternFixture(policy)
        // More channels than there are steps for one request.
        for number in 1...10_000 { try fixture.publish("x", to: "a/\(number)") }
        for number in 1...3 { try fixture.publish("\(number)", to: "a/b") }
        try fixture.publish("other", to: "b/c")
        try fixture.publish("other", to: "b/c")
        #expect(fixture.hub.summary.head == 10_005)
        // The log has evicted 10001 and 10002 of a/b, and 10004 of b/c.
        #expect(try fixture.subscribe("a/*", from: "e-10000").gap?.lost == 2)
        #expect(try fixture.subscribe("a/*", from: "e-10002").gap == nil)
        #expect(try fixture.subscribe("*/c", "a/*", "**", from: "e-10000").gap?.lost == 3)
        // What has been evicted before the latest evictions of all channels is unknown.
        for number in 1...5000 { try fixture.publish("\(number)", to: "b/c") }
        #expect(try fixture.subscribe("a/*", from: "e-10002").gap == nil)
        let gap = try #require(try fixture.subscribe("a/**", from: "e-10002").gap)
        #expect(gap.lost == nil && gap.oldest == "e-1")
        #expect(try fixture.subscribe("a/**", from: "e-15004").gap == nil)
        #expect(try fixture.subscribe("b/*", from: "e-15000").gap?.lost == 4)
    }

    @Test func `gets each event once, and counts once in the receipt, whichever other patterns match`() throws {
        let fixture = PatternFixture()
        _ = try fixture.subscribe("*/*", "a/**")
        _ = try fixture.subscribe("a/*")
        _ = try fixture.subscribe("a/x")
        let event = Event(data: EventData("1"))
        let receipt = fixture.hub.publish(event, to: try ["a/x", "a/y", "b/x"].map { try ChannelName($0) }, now: 0)
        #expect(receipt.subscribers == 4)
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(items.count == 4 && Set(items.map(\.topic)).count == 4)
        #expect(receipt.backlogs.count == 4)
    }

    @Test func `resumes by position or by id in a channel to which a publisher copied a stream of crier`() throws {
        let policy = HistoryPolicy(rules: [
            HistoryRule(pattern: try ChannelPattern("short/*"), limits: HistoryLimits(events: 2))
        ])
        let fixture = PatternFixture(policy)
        for number in 1...3 { try fixture.publish("a\(number)", to: "a") }
        // In the copy, the event with the id e-1 is at position 4.
        for number in 1...3 { try fixture.publish("a\(number) again", to: "copy", id: "e-\(number)") }
        #expect(fixture.read(try fixture.subscribe("copy", from: "e-1")) == ["a2 again", "a3 again"])
        #expect(fixture.read(try fixture.subscribe("copy", from: "e-3")) == [])
        #expect(fixture.read(try fixture.subscribe("a", from: "e-2")) == ["a3"])
        // When the id can mean both, the earlier one applies and no event is left out.
        let both = ["a2", "a3", "a1 again", "a2 again", "a3 again"]
        #expect(fixture.read(try fixture.subscribe("a", "copy", from: "e-1")) == both)
        #expect(fixture.read(try fixture.subscribe("*", from: "e-1")) == both)
        // The same when the log has evicted the event at that position: 7 was here, and 10 has the id e-7 too.
        for number in 7...9 { try fixture.publish("\(number)", to: "short/x") }
        try fixture.publish("7 again", to: "short/x", id: "e-7")
        #expect(fixture.read(try fixture.subscribe("short/x", from: "e-7")) == ["9", "7 again"])
    }

    /// Compares the range with a scan over every channel.
    @Test(arguments: 0..<30)
    func `reports the oldest and newest retained event after any publishes, ends and evictions`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var policy = HistoryPolicy(standard: HistoryLimits(events: 4, age: 2000))
        policy.total = 20 * (HistoryPolicy.overhead + 20)
        let fixture = PatternFixture(policy)
        let names = ["a/1", "a/2", "a/3", "b/1", "b/2", "c"]
        // Each pattern has a subscriber throughout.
        for pattern in ["a/*", "*/1", "**"] { _ = try fixture.subscribe(pattern) }
        var now: UInt64 = 0
        for _ in 0..<200 {
            now += UInt64.random(in: 0..<400, using: &random)
            let name = names.randomElement(using: &random)!
            switch UInt64.random(in: 0..<10, using: &random) {
            case 0: _ = fixture.hub.end(try ChannelName(name), now: now)
            case 1: fixture.hub.sweep(now: now)
            case 2: try fixture.publish("x", to: name, names.randomElement(using: &random)!, now: now)
            default: try fixture.publish("x", to: name, now: now)
            }
            for pattern in ["a/*", "*/1", "**"] where Bool.random(using: &random) {
                let gap = try #require(try fixture.subscribe(pattern, from: "other-1", now: now).gap)
                let matching = try ChannelPattern(pattern)
                let retained = try names.map { try ChannelName($0) }.filter { matching.matches($0) }
                    .compactMap { fixture.hub.summary(of: $0) }
                func number(_ id: String) -> Int { Int(id.dropFirst(2)) ?? 0 }
                #expect(gap.oldest.map(number) == retained.compactMap(\.first).map(number).min())
                #expect(gap.newest.map(number) == retained.compactMap(\.last).map(number).max())
            }
        }
    }

    @Test func `gets no end of a channel, but a gap for the events that the end evicts`() throws {
        let fixture = PatternFixture()
        try fixture.publish("1", to: "a/x")
        let named = try fixture.subscribe("a/x", replay: .all)
        let start = try fixture.subscribe("a/*", replay: .all)
        _ = fixture.hub.end(try ChannelName("a/x"), now: 0)
        try fixture.publish("2", to: "a/y")
        // The log retains the events until every subscriber by name has received the end.
        #expect(fixture.read(named) == ["1", #"{"channel":"a/x"}"#])
        #expect(fixture.read(start) == ["1", "2"])
        fixture.hub.unsubscribe(named.cursors[0].topic, lastOn: 0)
        #expect(fixture.read(start) == ["cut"])
        #expect(try fixture.subscribe("a/*", from: "e-0").gap?.lost == 1)
    }

    @Test func `gets no events once its last subscriber has left`() throws {
        let fixture = PatternFixture()
        let start = try fixture.subscribe("a/*", "b/**", replay: .all)
        for cursor in start.cursors { fixture.hub.unsubscribe(cursor.topic, lastOn: 0) }
        try fixture.publish("1", to: "a/x")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(items.isEmpty)
    }
}
