import EventStreams
import Testing
import TimeLimits

@testable import Broadcasting

/// A hub with an archive; the test says what the archive takes.
private struct ArchivedHub {
    private struct SilentArchive: Archive {
        func wake() {}
        func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {}
    }

    let hub: Hub

    init(_ policy: HistoryPolicy = HistoryPolicy()) {
        let epoch = Epoch(description: "e")
        hub = Hub(epoch: epoch, policy: policy, mailboxes: [Mailbox(wakeLoop: {})], archive: SilentArchive())
        hub.restore(StoredState(epochs: Epochs(epoch)))
        hub.finishRestoring(now: 0)
    }

    func publish(_ data: String, idempotency key: String? = nil, now: UInt64 = 0) throws -> PublishOutcome {
        let idempotency = try key.map {
            Idempotency(key: try #require(IdempotencyKey(Array($0.utf8)[...])), fingerprint: 1)
        }
        let publication = Publication(Event(data: EventData(data)), to: [try ChannelName("a")])
        return hub.publish([publication], idempotency: idempotency, reply: ReplyAddress(loop: 0, token: 1), now: now)
    }

    /// Takes the next batch and reports that it is on disk.
    @discardableResult
    func write(now: UInt64 = 0) throws -> ArchiveBatch {
        let batch = try #require(hub.nextBatch(now: now))
        hub.commit(batch, now: now)
        return batch
    }
}

extension PublishOutcome {
    fileprivate var isPending: Bool { if case .pending = self { true } else { false } }
    fileprivate var isRepeated: Bool { if case .repeated = self { true } else { false } }
}

@Suite(.endsInTime()) struct `A hub with an archive` {
    @Test func `publishes again with a key whose window has passed, and deletes that key from the archive`() throws {
        let archived = ArchivedHub(HistoryPolicy(idempotencyWindow: 1000))
        #expect(try archived.publish("x", idempotency: "k").isPending)
        try archived.write()
        archived.hub.sweep(now: 1000)
        #expect(try archived.publish("x", idempotency: "k", now: 1000).isRepeated)
        archived.hub.sweep(now: 1001)
        #expect(try archived.publish("x", idempotency: "k", now: 1001).isPending)
        #expect(try archived.write().expired.map(\.description) == ["k"])
    }

    @Test func `opens an ended channel in the same write as the event that opens it`() throws {
        let archived = ArchivedHub()
        _ = try archived.publish("x")
        try archived.write()
        _ = archived.hub.end(try ChannelName("a"), reply: ReplyAddress(loop: 0, token: 1), now: 5)
        let ended = try archived.write(now: 5).channels
        #expect(ended == [ArchivedChannel(name: try ChannelName("a"), evictedThrough: 2, endedAt: 5)])
        _ = try archived.publish("y", now: 6)
        // After a crash here, the channel must be open: a restart restores no event of an ended channel.
        let opened = try archived.write(now: 6).channels
        #expect(opened.map(\.endedAt) == [nil] && opened.allSatisfy { $0.evictedThrough < 3 })
    }

    @Test func `publishes again with a key after a write that failed`() throws {
        let archived = ArchivedHub()
        #expect(try archived.publish("x", idempotency: "k").isPending)
        archived.hub.refuse(try #require(archived.hub.nextBatch(now: 0)), "The disk is full.")
        #expect(try archived.publish("x", idempotency: "k").isPending)
        try archived.write()
        #expect(try archived.publish("x", idempotency: "k").isRepeated)
    }

    @Test func `deletes evicted events from the archive even after a write that failed`() throws {
        let archived = ArchivedHub(HistoryPolicy(standard: HistoryLimits(events: 2)))
        for number in 1...4 {
            _ = try archived.publish("\(number)")
            try archived.write()
        }
        _ = try archived.publish("5")
        let refused = try #require(archived.hub.nextBatch(now: 1000))
        #expect(refused.evicted == [1, 2])
        archived.hub.refuse(refused, "The disk is full.")
        _ = try archived.publish("6")
        #expect(try archived.write(now: 1000).evicted == [1, 2])
    }

    @Test func `deletes evicted events of small publishes once a second, and at the end`() throws {
        let archived = ArchivedHub(HistoryPolicy(standard: HistoryLimits(events: 1)))
        var deleted: [[UInt64]] = []
        for now in stride(from: 500 as UInt64, through: 3000, by: 500) {
            _ = try archived.publish("x", now: now)
            deleted.append(try archived.write(now: now).evicted)
        }
        #expect(deleted == [[], [], [1], [], [2, 3], []])
        #expect(archived.hub.nextBatch(now: 3000) == nil)
        #expect(archived.hub.nextBatch(now: 3000, flushing: true)?.evicted == [4, 5])
    }

    @Test func `reads the newest events from memory, however many have been evicted`() throws {
        let policy = HistoryPolicy(standard: HistoryLimits(events: 10), memory: 10_000)
        let archived = ArchivedHub(policy)
        for number in 1...1000 {
            _ = try archived.publish("\(number) " + String(repeating: "x", count: 100))
            try archived.write()
        }
        let request = SubscriptionRequest(channels: [try ChannelName("a")], lastEventID: Array("e-990".utf8))
        let subscription = try #require(archived.hub.enter(request, now: 0))
        var frames: [Frame] = []
        let slice = archived.hub.read(
            subscription.cursors, after: subscription.position, now: 0, budget: .max, into: &frames)
        #expect(frames.map(\.sequence) == Array(991...1000) && slice.absent.isEmpty)
    }
}

@Suite(.endsInTime()) struct `A batch for the archive` {
    @Test func `deletes events in the end, although more channels evict events with each batch than a batch records`()
        throws
    {
        let archived = ArchivedHub(HistoryPolicy(standard: HistoryLimits(events: 1)))
        let names = try (0..<5000).map { try ChannelName("c\($0)") }
        var deleted = 0
        for _ in 0..<20 {
            for name in names {
                let publication = Publication(Event(data: EventData("x")), to: [name])
                _ = archived.hub.publish([publication], reply: ReplyAddress(loop: 0, token: 1), now: 0)
            }
            // Two batches for 5,000 events; each makes the hub evict as many.
            for _ in 0..<2 { deleted += try archived.write().evicted.count }
        }
        #expect(deleted > 50_000, "\(deleted) of 95,000")
        while let batch = archived.hub.nextBatch(now: 0, flushing: true) {
            deleted += batch.evicted.count
            archived.hub.commit(batch, now: 0)
        }
        #expect(deleted == 95_000)
    }

    @Test func `takes a publish of one event before large ones that came earlier, but not twice in a row`() throws {
        let archived = ArchivedHub()
        let names = try (0..<1000).map { try ChannelName("c\($0)") }
        let large = [Publication(Event(data: EventData("x")), to: names)]
        let reply = ReplyAddress(loop: 0, token: 1)
        for _ in 0..<2 { _ = archived.hub.publish(large[...], reply: reply, now: 0) }
        _ = try archived.publish("a")
        var taken: [[Int]] = []
        for _ in 0..<3 {
            let batch = try archived.write()
            taken.append(batch.additions.map(\.frame.channels.count))
            _ = try archived.publish("b")
        }
        #expect(taken == [[1], [1000], [1, 1]])
        #expect(archived.hub.summary.head == 4, "numbers follow the order of the batches")
    }

    @Test func `has a limit on events in channels, and takes a larger publish alone`() throws {
        let archived = ArchivedHub()
        let names = try (0..<1000).map { try ChannelName("c\($0)") }
        let publications = (0..<3).map { _ in Publication(Event(data: EventData("x")), to: names) }
        for _ in 0..<4 { _ = archived.hub.publish(publications[...], reply: ReplyAddress(loop: 0, token: 1), now: 0) }
        var sizes: [Int] = []
        while let batch = archived.hub.nextBatch(now: 0) {
            sizes.append(batch.additions.count)
            archived.hub.commit(batch, now: 0)
        }
        #expect(sizes == [3, 3, 3, 3])
    }

    /// The limits let the last event to be freed begin with each of its channels.
    @Test(arguments: [1000, 1050, 1100, 1150])
    func `frees the memory of events of several channels like that of others`(_ limit: Int) throws {
        let archived = ArchivedHub(HistoryPolicy(memory: limit))
        let names = try ["a", "b"].map { try ChannelName($0) }
        for _ in 0..<100 {
            let publication = Publication(Event(data: EventData(String(repeating: "x", count: 100))), to: names)
            _ = archived.hub.publish([publication], reply: ReplyAddress(loop: 0, token: 1), now: 0)
            try archived.write()
        }
        for name in names {
            let inMemory = try #require(archived.hub.inspect(name) { $0.log.entries.map { $0.frame != nil } })
            let newest = inMemory.reversed().prefix { $0 }.count
            #expect(newest < 10 && newest > 1 && inMemory.count { $0 } == newest, "only the newest are in memory")
        }
    }

    @Test func `has a limit, and deletes no event before the archive knows that its channel has evicted it`() throws {
        let archived = ArchivedHub(HistoryPolicy(standard: HistoryLimits(age: 1000)))
        for number in 0..<9000 {
            let publication = Publication(Event(data: EventData("x")), to: [try ChannelName("c\(number)")])
            _ = archived.hub.publish([publication], reply: ReplyAddress(loop: 0, token: 1), now: 0)
        }
        var written = 0
        while let batch = archived.hub.nextBatch(now: 0) {
            #expect(batch.additions.count <= 4096)
            written += batch.additions.count
            archived.hub.commit(batch, now: 0)
        }
        #expect(written == 9000)
        // Subscribers keep the channels, so that their records are written.
        for number in 0..<9000 {
            _ = archived.hub.enter(SubscriptionRequest(channels: [try ChannelName("c\(number)")]), now: 0)
        }
        for _ in 0..<3 { archived.hub.sweep(now: 5000) }
        while archived.hub.evictMore(now: 5000) {}
        var (recorded, deleted): (Set<String>, Int) = ([], 0)
        while let batch = archived.hub.nextBatch(now: 5000, flushing: true) {
            #expect(batch.channels.count <= 1024 && batch.evicted.count <= 1024)
            recorded.formUnion(batch.channels.map(\.name.description))
            deleted += batch.evicted.count
            #expect(deleted == 0 || recorded.count == 9000)
            archived.hub.commit(batch, now: 5000)
        }
        #expect(deleted == 9000)
    }
}
