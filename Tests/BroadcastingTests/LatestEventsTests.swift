import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The policy of the latest events` {
    /// Both ways to find the newest event of each key: by the keys when they are few, by the events when they are many.
    @Test(arguments: [2, 40])
    func `sends a slow subscriber only the newest event of each key, in the order of the log`(_ keys: Int) throws {
        let fixture = try SlowPolicyFixture()
        var reader = try fixture.subscribe("l/1")
        var newest: [String: String] = [:]
        var generator = SplitMix(state: UInt64(keys))
        for number in 1...100 {
            let key = Int.random(in: 0...keys, using: &generator)
            try fixture.publish("\(number)", to: "l/1", key: key == 0 ? nil : "k\(key)")
            newest["\(key)"] = "\(number)"
        }
        #expect(reader.cut() == nil)
        #expect(reader.read() == newest.values.sorted { Int($0)! < Int($1)! })
        #expect(reader.read() == [])
    }

    @Test(arguments: [2, 40])
    func `continues after the last slice, and misses no newer event`(_ keys: Int) throws {
        let fixture = try SlowPolicyFixture()
        var reader = try fixture.subscribe("l/1")
        var generator = SplitMix(state: UInt64(keys))
        var newest: [String: Int] = [:]
        var received: [Int] = []
        for number in 1...500 {
            let key = "k\(Int.random(in: 0..<keys, using: &generator))"
            try fixture.publish("\(number)", to: "l/1", key: key)
            newest[key] = number
            if number.isMultiple(of: 7) { received += reader.read(budget: 1).compactMap { Int($0) } }
        }
        while true {
            let more = reader.read(budget: 1).compactMap { Int($0) }
            if more.isEmpty { break }
            received += more
        }
        #expect(received == received.sorted() && Set(received).count == received.count && received.count < 500)
        #expect(newest.values.allSatisfy { received.contains($0) })
    }

    @Test func `sends only the newest event of a channel without keys`() throws {
        let fixture = try SlowPolicyFixture()
        var reader = try fixture.subscribe("l/1")
        for number in 1...100 { try fixture.publish("\(number)", to: "l/1") }
        #expect(reader.read() == ["100"])
    }

    @Test func `applies only to a subscriber that exceeds a limit, when there is one`() throws {
        let fixture = try SlowPolicyFixture(events: 3)
        var reader = try fixture.subscribe("l/1")
        for number in 1...3 { try fixture.publish("\(number)", to: "l/1") }
        #expect(reader.read() == ["1", "2", "3"])
        for number in 4...7 { try fixture.publish("\(number)", to: "l/1") }
        #expect(reader.read() == ["7"])
    }

    @Test func `sends no gap when newer events of the same keys replace the evicted ones`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 4))
        var reader = try fixture.subscribe("l/1")
        for number in 1...20 { try fixture.publish("\(number)", to: "l/1", key: "k\(number % 2)") }
        #expect(reader.read(isSlow: false) == ["19", "20"])
    }

    @Test func `sends a gap when the log evicts an event that was the newest of its key`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 4))
        var reader = try fixture.subscribe("l/1")
        try fixture.publish("once", to: "l/1", key: "rare")
        for number in 2...20 { try fixture.publish("\(number)", to: "l/1", key: "often") }
        #expect(reader.read() == ["lost 16", "20"])
        #expect(reader.read() == [])
        var other = try fixture.subscribe("l/1", from: "e-17")
        for number in 21...30 { try fixture.publish("\(number)", to: "l/1", key: "often") }
        #expect(other.read() == ["30"], "a loss before it subscribed is not its own")
    }

    @Test(arguments: [0, 3])
    func `sends the end of the channel last`(_ limit: Int) throws {
        let fixture = try SlowPolicyFixture(events: limit)
        var (few, many) = (try fixture.subscribe("l/1"), try fixture.subscribe("l/2"))
        for number in 1...64 { try fixture.publish("\(number)", to: "l/1") }
        for number in 65...70 { try fixture.publish("\(number)", to: "l/2", key: "k\(number % 5)") }
        for channel in ["l/1", "l/2"] { try fixture.end(channel) }
        #expect(few.cut() == nil && many.cut() == nil)
        #expect(few.read() == ["64", "end"])
        #expect(many.read() == ["66", "67", "68", "69", "70", "end"])
    }

    @Test func `retains no key longer than its newest event`() throws {
        var log = ChannelLog(removedThrough: 0)
        for sequence in 1...1000 as ClosedRange<UInt64> {
            let key = try #require(try EventKey("\(sequence)"))
            log.append(sequence, time: 0, size: 0, PublisherLabels(id: nil, key: key), frame: nil)
            if sequence > 10 { _ = log.evictFirst() }
        }
        #expect(log.newest.sequences(after: 0, atMost: .max)?.count == 10)
        #expect(log.newest.lostThrough == 990)
    }

    @Test func `never sends a key to a subscriber`() throws {
        let fixture = try SlowPolicyFixture()
        _ = try fixture.subscribe("l/1")
        try fixture.publish("x", to: "l/1", key: "secret")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        #expect(unsafe String(decoding: items[0].frame.bytes, as: UTF8.self) == "id: e-1\ndata: x\n\n")
    }
}

@Suite(.endsInTime()) struct `A read of the latest events` {
    @Test(arguments: [1, 3])
    func `looks at a bounded number of events, and a reader still gets the newest of each key`(channels: Int) throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 30_000))
        let names = (0..<channels).map { "l/\($0)" }
        var reader = try fixture.subscribe(names)
        for number in 1...20_000 {
            try fixture.publish("\(number)", to: names[number % channels], key: "k\(number % 6007)")
        }
        var received: [String] = []
        var reads = 0
        while reads < 100 {
            received += reader.read()
            reads += 1
            if reader.position == 20_000 { break }
        }
        #expect(reads > 2)
        #expect(received == received.sorted { Int($0)! < Int($1)! })
        #expect(Set(received).count == received.count && received.count < 20_000)
        #expect(received.suffix(6007) == (13_994...20_000).map { "\($0)" }[...])
    }

    @Test func `continues with the event after the last one that it looked at`() throws {
        // The rare one is among the last of a first read, or the first of a second.
        for rare in 8192...8193 {
            let fixture = try SlowPolicyFixture(HistoryLimits(events: 30_000))
            var reader = try fixture.subscribe("l/1")
            for number in 1...10_000 {
                try fixture.publish("\(number)", to: "l/1", key: number == rare ? "rare" : "k\(number % 600)")
            }
            var received: [String] = []
            for _ in 0..<10 where reader.position < 10_000 { received += reader.read() }
            #expect(received.first == "\(rare)" && received.count == 601)
        }
    }
}

@Suite(.endsInTime()) struct `A read of many channels` {
    @Test func `returns the fewer events, the more channels there are, and every event in the end`() throws {
        let fixture = HubFixture(HistoryLimits(events: 10_000))
        let names = try (0..<100).map { try ChannelName("c\($0)") }
        for number in 0..<1000 {
            _ = fixture.hub.publish(Event(data: EventData("\(number)")), to: [names[number % 100]], now: 0)
        }
        let request = SubscriptionRequest(channels: names, replay: .all)
        let subscription = try #require(fixture.hub.enter(request, now: 0))
        var frames: [Frame] = []
        _ = fixture.hub.read(subscription.cursors, after: subscription.position, now: 0, budget: .max, into: &frames)
        #expect(frames.map(\.sequence) == Array(1...21))
        #expect(fixture.replay(subscription, budget: .max).count == 1000)
    }
}
