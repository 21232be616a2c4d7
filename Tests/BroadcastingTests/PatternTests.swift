import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting

/// A hub with one loop, whose subscribers read from the log.
private struct Fixture {
    let mailbox = Mailbox(wakeLoop: {})
    let hub: Hub

    init(_ policy: HistoryPolicy = HistoryPolicy()) {
        hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox])
    }

    func publish(_ data: String, to channels: String..., id: String? = nil, now: UInt64 = 0) throws {
        let event = Event(id: try id.flatMap { try EventID($0) }, data: EventData(data))
        _ = hub.publish(event, to: try channels.map { try ChannelName($0) }, now: now)
    }

    func subscribe(
        _ names: String..., from id: String? = nil, replay: Replay? = nil, now: UInt64 = 0
    ) throws -> Subscription {
        let request = SubscriptionRequest(
            channels: try names.filter { !$0.contains("*") }.map { try ChannelName($0) },
            patterns: try names.filter { $0.contains("*") }.map { try ChannelPattern($0) },
            lastEventID: id.map { Array($0.utf8) }, replay: replay)
        return try #require(hub.enter(request, now: now))
    }

    /// The data of all that a subscriber reads.
    func read(_ subscription: Subscription, budget: Int = 1) -> [String] {
        guard subscription.isBehind else { return [] }
        var cursor = subscription.position
        var seen: [String] = []
        while true {
            var frames: [Frame] = []
            let slice = hub.read(subscription.cursors, after: cursor, now: 0, budget: budget, into: &frames)
            if slice.cut != nil { return seen + ["cut"] }
            seen += frames.map { frame in
                let lines = unsafe String(decoding: frame.bytes, as: UTF8.self).split(separator: "\n")
                return String(lines.last { $0.hasPrefix("data: ") }?.dropFirst(6) ?? "")
            }
            cursor = max(frames.last?.sequence ?? cursor, slice.through ?? 0)
            if slice.head != nil { return seen }
        }
    }
}

@Suite(.endsInTime()) struct `A pattern` {
    @Test func `gets what matches, of channels that were there and of those that come`() throws {
        let fixture = Fixture()
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

    @Test func `is not met by the daemon's own channels unless it names them`() throws {
        let fixture = Fixture()
        try fixture.publish("own", to: "$crier/x")
        for pattern in ["**", "*/x", "*/*"] {
            #expect(fixture.read(try fixture.subscribe(pattern, replay: .all)) == [])
            #expect(!(try ChannelPattern(pattern).matches(try ChannelName("$crier/x"))))
        }
        #expect(fixture.read(try fixture.subscribe("$crier/*", replay: .all)) == ["own"])
    }

    @Test func `compares bytes`() throws {
        let fixture = Fixture()
        // é as one character, and as two that look the same.
        try fixture.publish("one", to: "caf\u{E9}/x")
        #expect(fixture.read(try fixture.subscribe("cafe\u{301}/*", replay: .all)) == [])
        #expect(fixture.read(try fixture.subscribe("caf\u{E9}/*", replay: .all)) == ["one"])
    }

    @Test func `that overlaps others, or channels, brings each event once and in order`() throws {
        let fixture = Fixture()
        for number in 0..<10 { try fixture.publish("\(number)", to: "a/\(number % 2)", "a/b", "c") }
        let names = ["a/*", "**", "a/0", "c", "*/b"]
        let start = try fixture.subscribe(names[0], names[1], names[2], names[3], names[4], replay: .all)
        for budget in [1, 40, 10_000] { #expect(fixture.read(start, budget: budget) == (0..<10).map { "\($0)" }) }
    }

    @Test func `counts what is gone of all that matches, however often it comes back`() throws {
        let fixture = Fixture(HistoryPolicy(standard: HistoryLimits(events: 2)))
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

    @Test func `is told of what goes while it is behind, in whatever order`() throws {
        let fixture = Fixture(HistoryPolicy(standard: HistoryLimits(events: 1)))
        try fixture.publish("1", to: "a/0")
        try fixture.publish("2", to: "a/1")
        let start = try fixture.subscribe("a/*", from: "e-0")
        // The newer of the two goes first.
        try fixture.publish("3", to: "a/1")
        #expect(fixture.read(start) == ["cut"])
        let again = try fixture.subscribe("a/*", from: "e-0")
        #expect(again.gap?.lost == 1 && fixture.read(again) == ["1", "3"])
        try fixture.publish("4", to: "a/0")
        #expect(fixture.read(again) == ["cut"])
    }

    @Test func `resumes from the id of a publisher in any channel that matches`() throws {
        let fixture = Fixture()
        try fixture.publish("1", to: "a/x", id: "mine")
        try fixture.publish("2", to: "a/y")
        let start = try fixture.subscribe("a/*", from: "mine")
        #expect(start.gap == nil && fixture.read(start) == ["2"])
        #expect(try fixture.subscribe("b/*", from: "mine").gap?.requested == "mine")
    }

    @Test func `resumes from the earliest event that is held of those with the same id`() throws {
        let fixture = Fixture(HistoryPolicy(standard: HistoryLimits(events: 3)))
        for number in 1...4 { try fixture.publish("a\(number)", to: "a/x", id: "same") }
        for number in 1...200 { try fixture.publish("b\(number)", to: "a/y", id: "same") }
        try fixture.publish("c", to: "b/x", id: "same")
        #expect(fixture.read(try fixture.subscribe("a/*", from: "same")) == ["a3", "a4", "b198", "b199", "b200"])
        #expect(fixture.read(try fixture.subscribe("a/y", from: "same")) == ["b199", "b200"])
        #expect(fixture.read(try fixture.subscribe("b/*", from: "same")) == [])
        // Every event of the id in another channel has gone, and then all.
        for _ in 1...3 { try fixture.publish("-", to: "a/x") }
        #expect(
            fixture.read(try fixture.subscribe("*/y", "*/x", from: "same")) == ["b199", "b200", "c", "-", "-", "-"])
        for _ in 1...3 { try fixture.publish("-", to: "a/y", "b/x") }
        #expect(try fixture.subscribe("*/*", from: "same").gap?.lost == nil)
    }

    @Test func `remembers of many channels what went last, and no more`() throws {
        let policy = HistoryPolicy(standard: HistoryLimits(events: 1))
        let fixture = Fixture(policy)
        for number in 0..<3000 { try fixture.publish("\(number)", to: "a/\(number % 100)") }
        // Everything up to 2900 has gone, and 1024 of that are remembered.
        #expect(try fixture.subscribe("a/*", from: "e-1877").gap?.lost == 1023)
        #expect(try fixture.subscribe("a/*", from: "e-1876").gap?.lost == 1024)
        #expect(try #require(try fixture.subscribe("a/*", from: "e-1875").gap).lost == nil)
        #expect(try fixture.subscribe("a/*", from: "e-2900").gap == nil)
    }

    @Test func `brings each event to a subscriber once, and counts it once, whichever others match`() throws {
        let fixture = Fixture()
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

    @Test func `or a channel with a stream of ours that was published again goes on from its ids`() throws {
        let policy = HistoryPolicy(rules: [
            HistoryRule(pattern: try ChannelPattern("short/*"), limits: HistoryLimits(events: 2))
        ])
        let fixture = Fixture(policy)
        for number in 1...3 { try fixture.publish("a\(number)", to: "a") }
        // To the copy, e-1 is what stands at 4.
        for number in 1...3 { try fixture.publish("a\(number) again", to: "copy", id: "e-\(number)") }
        #expect(fixture.read(try fixture.subscribe("copy", from: "e-1")) == ["a2 again", "a3 again"])
        #expect(fixture.read(try fixture.subscribe("copy", from: "e-3")) == [])
        #expect(fixture.read(try fixture.subscribe("a", from: "e-2")) == ["a3"])
        // Where both can be meant, nothing is left out.
        let both = ["a2", "a3", "a1 again", "a2 again", "a3 again"]
        #expect(fixture.read(try fixture.subscribe("a", "copy", from: "e-1")) == both)
        #expect(fixture.read(try fixture.subscribe("*", from: "e-1")) == both)
        // The same when what could be meant has gone: 7, 8 and 9 were here, and 9 has another meaning too.
        for number in 7...9 { try fixture.publish("\(number)", to: "short/x") }
        try fixture.publish("7 again", to: "short/x", id: "e-7")
        #expect(fixture.read(try fixture.subscribe("short/x", from: "e-7")) == ["9", "7 again"])
    }

    /// Against a look at every channel.
    @Test(arguments: 0..<30)
    func `is told the oldest and the newest event that is held, whatever came and went`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var policy = HistoryPolicy(standard: HistoryLimits(events: 4, age: 2000))
        policy.total = 20 * (HistoryPolicy.overhead + 20)
        let fixture = Fixture(policy)
        let names = ["a/1", "a/2", "a/3", "b/1", "b/2", "c"]
        // Somebody has them all the while.
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
                let held = try names.map { try ChannelName($0) }.filter { matching.matches($0) }
                    .compactMap { fixture.hub.summary(of: $0) }
                func number(_ id: String) -> Int { Int(id.dropFirst(2)) ?? 0 }
                #expect(gap.oldest.map(number) == held.compactMap(\.first).map(number).min())
                #expect(gap.newest.map(number) == held.compactMap(\.last).map(number).max())
            }
        }
    }

    @Test func `is not told of the end of a channel, but of what goes with it`() throws {
        let fixture = Fixture()
        try fixture.publish("1", to: "a/x")
        let named = try fixture.subscribe("a/x", replay: .all)
        let start = try fixture.subscribe("a/*", replay: .all)
        _ = fixture.hub.end(try ChannelName("a/x"), now: 0)
        try fixture.publish("2", to: "a/y")
        // The history stays for those who have still to be told of the end.
        #expect(fixture.read(named) == ["1", #"{"channel":"a/x"}"#])
        #expect(fixture.read(start) == ["1", "2"])
        fixture.hub.unsubscribe(named.cursors[0].topic, lastOn: 0)
        #expect(fixture.read(start) == ["cut"])
        #expect(try fixture.subscribe("a/*", from: "e-0").gap?.lost == 1)
    }

    @Test func `costs nothing when nobody has it any more`() throws {
        let fixture = Fixture()
        let start = try fixture.subscribe("a/*", "b/**", replay: .all)
        for cursor in start.cursors { fixture.hub.unsubscribe(cursor.topic, lastOn: 0) }
        try fixture.publish("1", to: "a/x")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(items.isEmpty)
    }
}

@Suite(.endsInTime()) struct `A newcomer` {
    @Test func `begins where it asks to`() throws {
        let fixture = Fixture()
        for number in 1...6 {
            try fixture.publish("\(number)", to: number % 2 == 0 ? "a" : "b", now: UInt64(number) * 1000)
        }
        func read(_ names: String..., replay: Replay?) throws -> [String] {
            let start =
                names.count == 1
                ? try fixture.subscribe(names[0], replay: replay)
                : try fixture.subscribe(names[0], names[1], replay: replay)
            return fixture.read(start)
        }
        #expect(try read("a", replay: nil) == [])
        #expect(try read("a", replay: Replay.none) == [])
        #expect(try read("a", replay: .all) == ["2", "4", "6"])
        #expect(try read("a", replay: .last(2)) == ["4", "6"])
        #expect(try read("a", replay: .last(99)) == ["2", "4", "6"])
        #expect(try read("a", "b", replay: .last(1)) == ["5", "6"])
        #expect(try read("*", replay: .last(1)) == ["6"])
        #expect(try read("*", replay: .last(4)) == ["3", "4", "5", "6"])
        #expect(try read("a", replay: .since(3500)) == ["4", "6"])
        #expect(try read("a", "*", replay: .since(5000)) == ["5", "6"])
        #expect(try read("*", replay: .since(6001)) == [])
        #expect(try read("*", replay: .all) == ["1", "2", "3", "4", "5", "6"])
        #expect(try read("c", replay: .all) == [])
    }

    @Test func `begins where each channel says when it asks for nothing`() throws {
        let rules = [
            HistoryRule(pattern: try ChannelPattern("last/*"), limits: HistoryLimits(replay: .last(1))),
            HistoryRule(pattern: try ChannelPattern("all/**"), limits: HistoryLimits(replay: .all)),
        ]
        let fixture = Fixture(HistoryPolicy(rules: rules))
        for number in 1...3 {
            for channel in ["last/a", "all/a", "other"] { try fixture.publish("\(channel) \(number)", to: channel) }
        }
        #expect(fixture.read(try fixture.subscribe("last/a")) == ["last/a 3"])
        #expect(
            fixture.read(try fixture.subscribe("other", "last/a", "all/a"))
                == ["all/a 1", "all/a 2", "last/a 3", "all/a 3"])
        #expect(fixture.read(try fixture.subscribe("all/**")) == ["all/a 1", "all/a 2", "all/a 3"])
        // What it asks for, and where it was, come first.
        #expect(fixture.read(try fixture.subscribe("all/a", replay: Replay.none)) == [])
        #expect(fixture.read(try fixture.subscribe("all/a", from: "e-5", replay: .all)) == ["all/a 3"])
    }
}
