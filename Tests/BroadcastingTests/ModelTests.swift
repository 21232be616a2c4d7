import EventStreams
import Glibc
import SeededRandom
import Synchronization
import Testing
import TimeLimits

@testable import Broadcasting

/// A subscriber as a loop serves it: it reads slices while it is behind, and receives mailbox items while it is live.
private struct Reader {
    let channels: [String]
    let patterns: [String]
    /// The position that it names when it resumes; nil until it has received an event.
    var lastEventID: String?
    var subscription: Subscription?
    var cursors: [TopicCursor] = []
    var position: UInt64 = 0
    var isLive = false
    /// The position at which this connection started, the events that it delivered, and how many events its gaps
    /// counted; nil when a gap gave no number.
    var start: UInt64 = 0
    var seen: [UInt64] = []
    var lost: Int? = 0

    func covers(_ names: [String]) throws -> Bool {
        let patterns = try patterns.map { try ChannelPattern($0) }
        return try names.contains { name in
            let name = try ChannelName(name)
            return channels.contains(name.description) || patterns.contains { $0.matches(name) }
        }
    }
}

/// A hub, its subscribers, and the record of every event to compare them with.
private struct World {
    var generator: SplitMix
    let isDurable: Bool
    let comment: String
    let policy: HistoryPolicy
    let archive = FakeArchive()
    var mailbox = Mailbox(wakeLoop: {})
    var hub: Hub
    var readers: [Reader] = []
    /// The channels of every event that the hub has ever added to the log.
    var log: [UInt64: [String]] = [:]
    var ids: [UInt64: String] = [:]
    var now: UInt64 = 1000
    var knownGaps = 0
    var gaps = 0
    var restarts = 0

    static let names = ["a", "b", "a/x", "a/y", "b/x/1"]
    static let patterns = ["*", "a/*", "**", "b/**", "*/x"]

    init(seed: UInt64) throws {
        generator = SplitMix(state: seed)
        isDurable = Bool.random(using: &generator)
        comment = "seed \(seed)"
        let limits = HistoryLimits(
            events: [0, 1, 3, 10, 1000].randomElement(using: &generator)!,
            bytes: [60, 300, 1 << 20].randomElement(using: &generator)!,
            age: [50, 1 << 40].randomElement(using: &generator)!)
        policy = HistoryPolicy(
            standard: HistoryLimits(events: 20),
            rules: [HistoryRule(pattern: try ChannelPattern("a/**"), limits: limits)],
            total: [1500, 1 << 20].randomElement(using: &generator)!,
            memory: [0, 100, 1 << 20].randomElement(using: &generator)!)
        hub =
            isDurable
            ? try archive.hub(policy, mailbox, now: now)
            : Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox])
        for _ in 0..<6 {
            let channels = Self.names.shuffled(using: &generator).prefix(Int.random(in: 0...2, using: &generator))
            let most = channels.isEmpty ? 1...2 : 0...2
            let patterns = Self.patterns.shuffled(using: &generator).prefix(Int.random(in: most, using: &generator))
            readers.append(Reader(channels: Array(channels), patterns: Array(patterns)))
        }
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps {
            now += UInt64.random(in: 0...10, using: &generator)
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<45: try publish()
            case 45..<60: try store()
            case 60..<62 where isDurable: try crash()
            case 62..<65: hub.sweep(now: now)
            case 65: try restart()
            case 66..<76: try disconnect(Int.random(in: readers.indices, using: &generator))
            default: try act(Int.random(in: readers.indices, using: &generator))
            }
            try deliver()
        }
        try finish()
    }

    private mutating func publish() throws {
        var publications: [Publication] = []
        var names: [[String]] = []
        for _ in 0..<[1, 1, 3].randomElement(using: &generator)! {
            let count = [1, 1, 1, 2, 3].randomElement(using: &generator)!
            let chosen = Array(Self.names.shuffled(using: &generator).prefix(count))
            let id =
                Int.random(in: 0..<10, using: &generator) == 0
                ? "id\(Int.random(in: 0..<1000, using: &generator))" : nil
            let event = Event(
                id: try id.flatMap { try EventID($0) },
                data: EventData(String(repeating: "x", count: Int.random(in: 0..<80, using: &generator))))
            publications.append(Publication(event, to: try chosen.map { try ChannelName($0) }))
            names.append(chosen)
        }
        let outcome = hub.publish(publications[...], reply: ReplyAddress(loop: 0, token: 1), now: now)
        guard case .published(let receipt) = outcome else { return }
        try #require(!isDurable && receipt.count == publications.count)
        let head = hub.summary.head
        for (index, chosen) in names.enumerated() {
            note(head - UInt64(names.count - 1 - index), chosen, publications[index].event.id)
        }
    }

    private mutating func note(_ sequence: UInt64, _ names: [String], _ id: EventID?) {
        log[sequence] = names
        if let id { ids[sequence] = id.description }
    }

    /// The archive writes the next batch, or fails.
    private mutating func store() throws {
        let isFlushing = Int.random(in: 0..<4, using: &generator) == 0
        guard isDurable, let batch = hub.nextBatch(now: now, flushing: isFlushing) else { return }
        guard Int.random(in: 0..<8, using: &generator) > 0 else { return hub.refuse(batch, "the disk is full") }
        archive.write(batch)
        for addition in batch.additions {
            note(addition.frame.sequence, addition.frame.channels.map(\.description), addition.labels?.id)
        }
        // The process may end after the write and before the hub learns of it.
        if Int.random(in: 0..<20, using: &generator) == 0 { return try crash() }
        hub.commit(batch, now: now)
    }

    private mutating func crash() throws {
        for index in readers.indices { try disconnect(index) }
        mailbox = Mailbox(wakeLoop: {})
        hub = try archive.hub(policy, mailbox, now: now, inMemory: Bool.random(using: &generator))
    }

    /// Another process continues with the same connections.
    private mutating func restart() throws {
        try storeAll()
        try deliver()
        let head = hub.summary.head
        let (snapshot, topics) = hub.snapshot()
        restarts += 1
        mailbox = Mailbox(wakeLoop: {})
        var restored: [RestoredTopic] = []
        let attach = { [readers, now] (hub: Hub) throws in
            restored = try hub.restore(snapshot, now: now)
            for cursor in readers.flatMap(\.cursors) {
                hub.attach(restored[try #require(topics.place(of: cursor.topic))].id, on: 0)
            }
        }
        if isDurable {
            hub = try archive.hub(policy, mailbox, now: now, restore: attach)
        } else {
            hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox])
            try attach(hub)
            hub.finishRestoring(now: now)
        }
        for index in readers.indices where readers[index].subscription != nil {
            if readers[index].isLive { readers[index].position = max(readers[index].position, head) }
            readers[index].isLive = false
            readers[index].cursors = try readers[index].cursors.map { cursor in
                TopicCursor(
                    topic: restored[try #require(topics.place(of: cursor.topic))].id,
                    reportedThrough: cursor.reportedThrough, reportedEvictions: cursor.reportedEvictions)
            }
        }
    }

    private mutating func disconnect(_ index: Int) throws {
        guard readers[index].subscription != nil else { return }
        try check(readers[index])
        for cursor in readers[index].cursors {
            let isLast = !readers.indices.contains { other in
                other != index && readers[other].cursors.contains { $0.topic == cursor.topic }
            }
            hub.unsubscribe(cursor.topic, lastOn: isLast ? 0 : nil)
        }
        if let last = readers[index].seen.last { readers[index].lastEventID = ids[last] ?? "e-\(last)" }
        (readers[index].subscription, readers[index].cursors) = (nil, [])
    }

    private mutating func act(_ index: Int) throws {
        if readers[index].subscription == nil { return try connect(index) }
        if !readers[index].isLive { try readSlice(index) }
    }

    private mutating func connect(_ index: Int) throws {
        var reader = readers[index]
        let request = SubscriptionRequest(
            channels: try reader.channels.map { try ChannelName($0) },
            patterns: try reader.patterns.map { try ChannelPattern($0) },
            lastEventID: reader.lastEventID.map { Array($0.utf8) })
        guard case .subscribed(let subscription) = hub.subscribe(request, on: 0, now: now) else {
            return #expect(Bool(false), "\(comment): nothing has ended")
        }
        reader.subscription = subscription
        reader.cursors = subscription.cursors
        reader.position = subscription.position
        reader.isLive = !subscription.isBehind
        reader.start = subscription.position
        (reader.seen, reader.lost) = ([], 0)
        if let gap = subscription.gap { count(gap, &reader) }
        readers[index] = reader
    }

    private mutating func count(_ gap: Gap, _ reader: inout Reader) {
        reader.lost = reader.lost.flatMap { lost in gap.lost.map { lost + $0 } }
        gaps += 1
        if gap.lost != nil { knownGaps += 1 }
    }

    private mutating func readSlice(_ index: Int) throws {
        var reader = readers[index]
        var frames: [Frame] = []
        let slice = hub.read(
            reader.cursors, after: reader.position, now: now,
            budget: [1, 100, 10_000].randomElement(using: &generator)!, into: &frames)
        if slice.cut != nil { return try disconnect(index) }
        if let cursors = slice.cursors { reader.cursors = cursors }
        if let gap = slice.gap { count(gap, &reader) }
        if !slice.absent.isEmpty {
            try #require(isDurable && frames.isEmpty && slice.head == nil)
            hub.fetch(slice.absent, reply: ReplyAddress(loop: 0, token: 7))
            for case .fetched(7, let fetched, let missing) in mailbox.collectCompletions() {
                try #require(missing == nil, "\(comment): the hub asks for an event that it has evicted")
                frames = fetched
            }
        }
        take(frames, &reader)
        if let through = slice.through { reader.position = max(reader.position, through) }
        if let head = slice.head {
            reader.position = max(reader.position, head)
            reader.isLive = true
        }
        readers[index] = reader
    }

    private func take(_ frames: [Frame], _ reader: inout Reader) {
        for frame in frames {
            reader.seen.append(frame.sequence)
            reader.position = frame.sequence
        }
    }

    /// The loop delivers its mailbox items to the live subscribers.
    private mutating func deliver() throws {
        var items: [MailboxItem] = []
        mailbox.collectItems(into: &items)
        for index in readers.indices where readers[index].subscription != nil && readers[index].isLive {
            var reader = readers[index]
            let topics = Set(reader.cursors.map(\.topic))
            for item in items where topics.contains(item.topic) && item.frame.sequence > reader.position {
                take([item.frame], &reader)
            }
            readers[index] = reader
        }
    }

    /// The archive writes everything that waits.
    private mutating func storeAll() throws {
        while isDurable, let batch = hub.nextBatch(now: now, flushing: true) {
            archive.write(batch)
            for addition in batch.additions {
                note(addition.frame.sequence, addition.frame.channels.map(\.description), addition.labels?.id)
            }
            hub.commit(batch, now: now)
        }
    }

    /// Lets every subscriber reconnect and read to the head.
    private mutating func finish() throws {
        try storeAll()
        try deliver()
        for index in readers.indices {
            for _ in 0..<100_000 where !(readers[index].subscription != nil && readers[index].isLive) {
                try act(index)
            }
            try #require(readers[index].isLive, "\(comment): a subscriber never reaches the head")
            try check(readers[index], isComplete: true)
        }
    }

    /// The events that a subscriber received, plus those that its gaps counted, are the log.
    private func check(_ reader: Reader, isComplete: Bool = false) throws {
        let sentence = "\(comment): \(reader.channels) \(reader.patterns) from \(reader.lastEventID ?? "-")"
        for (one, next) in zip(reader.seen, reader.seen.dropFirst()) {
            try #require(one < next, "\(sentence): \(next) after \(one)")
        }
        for sequence in reader.seen {
            let names = try #require(log[sequence], "\(sentence): \(sequence) is not in the log")
            try #require(try reader.covers(names), "\(sentence): \(sequence) is in \(names)")
        }
        let isExact = isComplete || reader.isLive
        let end = isExact ? hub.summary.head : reader.seen.last ?? reader.start
        let seen = Set(reader.seen)
        let missing = try log.filter { sequence, names in
            try sequence > reader.start && sequence <= end && !seen.contains(sequence) && reader.covers(names)
        }
        guard let lost = reader.lost else { return }
        try #require(
            isExact ? missing.count == lost : missing.count <= lost,
            "\(sentence): \(missing.keys.sorted()) are missing, and gaps counted \(lost)")
    }
}

@Suite(.endsInTime()) struct `Compared with a model of the log, a subscriber` {
    @Test func `receives every event, or a gap that counts it`() throws {
        var gaps = 0
        var knownGaps = 0
        var fetches = 0
        var restarts = 0
        // `make faults` runs this for many faults, each of which few seeds show.
        let seeds = unsafe getenv("TEST_MODEL_SEEDS").flatMap { unsafe UInt64(String(cString: $0)) } ?? 100
        for seed in 0..<seeds {
            var world = try World(seed: seed)
            try world.run(steps: 120)
            gaps += world.gaps
            knownGaps += world.knownGaps
            restarts += world.restarts
            fetches += world.archive.contents.withLock { $0.fetches }
        }
        // Without gaps and fetches the test would prove nothing.
        #expect(
            gaps > 50 && knownGaps > 20 && fetches > 50 && restarts > 50,
            "\(gaps) gaps, \(knownGaps) known, \(fetches) fetches, \(restarts) restarts")
    }
}
