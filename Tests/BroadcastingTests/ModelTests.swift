import EventStreams
import SeededRandom
import Synchronization
import Testing
import TimeLimits

@testable import Broadcasting

/// An archive in memory. What it has been told of outlives the hub; what it is asked for it answers at once.
final class FakeArchive: Archive {
    struct Row {
        let event: StoredEvent
        let frame: Frame
    }

    struct Contents {
        var rows: [UInt64: Row] = [:]
        var channels: [ChannelName: ArchivedChannel] = [:]
        var removedSlots: [Int: UInt64] = [:]
        var answers: [IdempotencyKey: StoredAnswer] = [:]
        var head: UInt64 = 0
        var asked = 0
        var rings = 0
    }

    let contents = Mutex(Contents())

    func wake() { contents.withLock { $0.rings += 1 } }

    func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {
        let (frames, missing) = contents.withLock { contents in
            contents.asked += 1
            let frames = asked.prefix { contents.rows[$0] != nil }.compactMap { contents.rows[$0]?.frame }
            return (frames, frames.count < asked.count ? asked[frames.count] : nil)
        }
        mailbox.complete(.fetched(token, frames, missing: missing))
    }

    /// Writes a batch, as a transaction would.
    func write(_ batch: ArchiveBatch) {
        contents.withLock { contents in
            for name in batch.removed { contents.channels[name] = nil }
            contents.removedSlots.merge(batch.removedSlots) { _, new in new }
            for channel in batch.channels { contents.channels[channel.name] = channel }
            for addition in batch.additions {
                for name in addition.channels where contents.channels[name] == nil {
                    contents.channels[name] = ArchivedChannel(name: name, evictedThrough: 0, endedAt: nil)
                }
                let frame = addition.frame
                contents.rows[frame.sequence] = Row(
                    event: StoredEvent(
                        sequence: frame.sequence, time: frame.time, size: frame.count, labels: addition.labels,
                        channels: addition.channels), frame: frame)
            }
            for sequence in batch.evicted { contents.rows[sequence] = nil }
            for key in batch.expired { contents.answers[key] = nil }
            for answer in batch.answers { contents.answers[answer.idempotency.key] = answer }
            contents.head = batch.head
        }
    }

    /// A hub that goes on where this ends.
    func hub(_ policy: HistoryPolicy, _ mailbox: Mailbox, now: UInt64, inMemory: Bool = false) -> Hub {
        let hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox], archive: self)
        let contents = contents.withLock { $0 }
        hub.restore(
            StoredState(
                epoch: Epoch(description: "e"), head: contents.head, channels: Array(contents.channels.values),
                removedSlots: contents.removedSlots, answers: contents.answers.values.sorted { $0.time < $1.time }))
        for row in contents.rows.values.sorted(by: { $0.event.sequence < $1.event.sequence }) {
            let known = row.event.channels.filter { contents.channels[$0] != nil }
            var event = row.event
            event.channels = known
            hub.restore(event, inMemory ? row.frame : nil)
        }
        hub.finishRestoring(now: now)
        return hub
    }
}

/// A subscriber as a loop serves it, which reads in slices while it is behind and takes items while it is live.
private struct Reader {
    let channels: [String]
    let patterns: [String]
    /// What it names when it comes back; nil before it has got an event.
    var lastEventID: String?
    var subscription: Subscription?
    var cursors: [TopicCursor] = []
    var position: UInt64 = 0
    var isLive = false
    /// Where this connection began, what it brought, and how many it said are lost; nil when it cannot know.
    var start: UInt64 = 0
    var seen: [UInt64] = []
    var told: Int? = 0

    func covers(_ names: [String]) throws -> Bool {
        let patterns = try patterns.map { try ChannelPattern($0) }
        return try names.contains { name in
            let name = try ChannelName(name)
            return channels.contains(name.description) || patterns.contains { $0.matches(name) }
        }
    }
}

private struct World {
    var generator: SplitMix
    let isDurable: Bool
    let comment: String
    let policy: HistoryPolicy
    let archive = FakeArchive()
    var mailbox = Mailbox(wakeLoop: {})
    var hub: Hub
    var readers: [Reader] = []
    /// Every event that is in the log, or was.
    var log: [UInt64: [String]] = [:]
    var ids: [UInt64: String] = [:]
    var now: UInt64 = 1000
    var knownGaps = 0
    var gaps = 0

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
            ? archive.hub(policy, mailbox, now: now)
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
            case 62..<66: hub.sweep(now: now)
            case 66..<76: try fallAway(Int.random(in: readers.indices, using: &generator))
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
        let outcome = hub.publish(publications, reply: ReplyAddress(loop: 0, token: 1), now: now)
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

    /// The archive takes what waits, or does not.
    private mutating func store() throws {
        guard isDurable, let batch = hub.nextBatch() else { return }
        guard Int.random(in: 0..<8, using: &generator) > 0 else { return hub.refuse(batch, "the disk is full") }
        archive.write(batch)
        for addition in batch.additions {
            note(addition.frame.sequence, addition.channels.map(\.description), addition.labels?.id)
        }
        // The process may end between the two.
        if Int.random(in: 0..<20, using: &generator) == 0 { return try crash() }
        hub.commit(batch, now: now)
    }

    private mutating func crash() throws {
        for index in readers.indices { try fallAway(index) }
        mailbox = Mailbox(wakeLoop: {})
        hub = archive.hub(policy, mailbox, now: now, inMemory: Bool.random(using: &generator))
    }

    private mutating func fallAway(_ index: Int) throws {
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
        if readers[index].subscription == nil { return try arrive(index) }
        if !readers[index].isLive { try readSlice(index) }
    }

    private mutating func arrive(_ index: Int) throws {
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
        (reader.seen, reader.told) = ([], 0)
        if let gap = subscription.gap { tell(gap, &reader) }
        // A position that is not known any more: all that is held follows, and nothing can be said of what is not.
        readers[index] = reader
    }

    private mutating func tell(_ gap: Gap, _ reader: inout Reader) {
        reader.told = reader.told.flatMap { told in gap.lost.map { told + $0 } }
        gaps += 1
        if gap.lost != nil { knownGaps += 1 }
    }

    private mutating func readSlice(_ index: Int) throws {
        var reader = readers[index]
        var frames: [Frame] = []
        let slice = hub.read(
            reader.cursors, after: reader.position, now: now,
            budget: [1, 100, 10_000].randomElement(using: &generator)!, into: &frames)
        if slice.cut != nil { return try fallAway(index) }
        if let cursors = slice.cursors { reader.cursors = cursors }
        if let gap = slice.gap { tell(gap, &reader) }
        if !slice.absent.isEmpty {
            try #require(isDurable && frames.isEmpty && slice.head == nil)
            hub.fetch(slice.absent, reply: ReplyAddress(loop: 0, token: 7))
            for case .fetched(7, let fetched, let missing) in mailbox.collectCompletions() {
                // Between the two the loop has other things to do.
                try #require(missing == nil, "\(comment): the hub asks for what it has let go")
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

    /// The loop takes its items.
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

    /// Lets everybody come back and read to the head.
    private mutating func finish() throws {
        while isDurable, let batch = hub.nextBatch() {
            archive.write(batch)
            for addition in batch.additions {
                note(addition.frame.sequence, addition.channels.map(\.description), addition.labels?.id)
            }
            hub.commit(batch, now: now)
        }
        try deliver()
        for index in readers.indices {
            for _ in 0..<100_000 where !(readers[index].subscription != nil && readers[index].isLive) {
                try act(index)
            }
            try #require(readers[index].isLive, "\(comment): it never gets to the head")
            try check(readers[index], isComplete: true)
        }
    }

    /// What a subscriber saw, plus the gaps it was told of, is the log.
    private func check(_ reader: Reader, isComplete: Bool = false) throws {
        let sentence = "\(comment): \(reader.channels) \(reader.patterns) from \(reader.lastEventID ?? "-")"
        for (one, next) in zip(reader.seen, reader.seen.dropFirst()) {
            try #require(one < next, "\(sentence): \(next) after \(one)")
        }
        for sequence in reader.seen {
            let names = try #require(log[sequence], "\(sentence): \(sequence) is not in the log")
            try #require(try reader.covers(names), "\(sentence): \(sequence) is of \(names)")
        }
        let isExact = isComplete || reader.isLive
        let end = isExact ? hub.summary.head : reader.seen.last ?? reader.start
        let seen = Set(reader.seen)
        let missing = try log.filter { sequence, names in
            try sequence > reader.start && sequence <= end && !seen.contains(sequence) && reader.covers(names)
        }
        guard let told = reader.told else { return }
        try #require(
            isExact ? missing.count == told : missing.count <= told,
            "\(sentence): \(missing.keys.sorted()) are missing, and \(told) were told of")
    }
}

@Suite(.endsInTime()) struct `Against a model of the log` {
    @Test func `what a subscriber saw plus the gaps it was told of is the log`() throws {
        var gaps = 0
        var knownGaps = 0
        var asked = 0
        for seed in 0..<100 as Range<UInt64> {
            var world = try World(seed: seed)
            try world.run(steps: 120)
            gaps += world.gaps
            knownGaps += world.knownGaps
            asked += world.archive.contents.withLock { $0.asked }
        }
        // The test is worth nothing if it never comes to that.
        #expect(gaps > 50 && knownGaps > 20 && asked > 50, "\(gaps) gaps, \(knownGaps) known, \(asked) fetches")
    }
}
