import Broadcasting
import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Clustering

@Suite(.endsInTime()) struct `An entry of the log` {
    private static let epoch = Epoch(description: "e")
    private static let place = WriterPlace(node: "a", life: "l", count: 7)

    private static func event(_ data: String, to channels: [String], id: String? = nil, key: String? = nil) throws
        -> EncodedEvent
    {
        let event = Event(
            id: try id.flatMap { try EventID($0) }, data: EventData(data), key: try key.flatMap { try EventKey($0) })
        var encoded: EncodedEvent?
        let hub = Hub(epoch: epoch, policy: HistoryPolicy(), mailboxes: [Mailbox(wakeLoop: {})], archive: NoArchive())
        hub.share(as: "a", uncertainThrough: 0)
        _ = hub.publish(
            [Publication(event, to: try channels.map { try ChannelName($0) })],
            reply: ReplyAddress(loop: 0, token: 1), now: 1)
        if case .publish(let events, _)? = hub.nextEntry()?.changes.first { encoded = events[0] }
        return try #require(encoded)
    }

    private static func entry() throws -> Entry {
        let events = [
            try event("one", to: ["a", "b/c"]), try event("two", to: ["a", "b/c"], id: "given", key: "k"),
            try event("three\nlines", to: ["d"]),
        ]
        let key = Idempotency(key: IdempotencyKey(stored: "key"), fingerprint: .max)
        return Entry(
            place: place, time: 1_700_000_000_000, claim: Entry.Claim(revision: 5, digest: .max - 1),
            changes: [
                .publish(events, key), .end(try ChannelName("a")), .trim(SharedTrim(below: 3, keysBelow: 9)),
                .subscribers(
                    SubscriberReport(
                        isFirst: true,
                        counts: [(.channel(try ChannelName("a")), 3), (.pattern(try ChannelPattern("a/**")), 0)])),
            ])
    }

    @Test func `reads back as it was written`() throws {
        let entry = try Self.entry()
        let read = try Entry(entry.bytes, epoch: Self.epoch)
        #expect(read.place == entry.place)
        #expect(read.time == entry.time)
        #expect(read.claim == entry.claim)
        #expect(read.bytes == entry.bytes)
        guard case .publish(let events, let key) = read.changes[0] else {
            Issue.record("the first change is no publish")
            return
        }
        #expect(key?.fingerprint == .max)
        #expect(events.map { $0.channels.map(\.description) } == [["a", "b/c"], ["a", "b/c"], ["d"]])
        #expect(events[1].labels?.id?.description == "given")
        let frame = events[1].numbered(4096, epoch: Self.epoch, time: 5)
        #expect(unsafe String(decoding: frame.bytes, as: UTF8.self) == "id: given\ndata: two\n\n")
        let last = events[2].numbered(4097, epoch: Self.epoch, time: 5)
        #expect(unsafe String(decoding: last.bytes, as: UTF8.self) == "id: e-4097\ndata: three\ndata: lines\n\n")
    }

    @Test func `needs few bytes besides those of its events`() throws {
        let events = try (0..<100).map { _ in try Self.event(String(repeating: "x", count: 100), to: ["prices"]) }
        let entry = Entry(place: Self.place, time: 1, claim: nil, changes: events.map { .publish([$0], nil) })
        let wire = 100 * ("data: ".count + 100 + 2)
        #expect(entry.bytes.count < wire + 100 * 16 + 64)
    }

    @Test func `that ends too early is refused at every length`() throws {
        let bytes = try Self.entry().bytes
        for count in 0..<bytes.count {
            #expect(throws: EntryReader.Damage.self) { try Entry(Array(bytes[..<count]), epoch: Self.epoch) }
        }
        #expect(throws: EntryReader.Damage.self) { try Entry(bytes + [0], epoch: Self.epoch) }
    }

    @Test func `of a later version is refused with both versions`() throws {
        var bytes = try Self.entry().bytes
        bytes[0] = 2
        #expect {
            try Entry(bytes, epoch: Self.epoch)
        } throws: {
            "\($0)" == "it has version 2, and this crier knows version 1"
        }
    }

    @Test func `with more changes than numbers is refused`() throws {
        let event = try Self.event("x", to: ["a"])
        let many = Entry(
            place: Self.place, time: 1, claim: nil, changes: [.publish(Array(repeating: event, count: 1001), nil)])
        #expect(throws: EntryReader.Damage.self) { try Entry(many.bytes, epoch: Self.epoch) }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `with any damage is refused or read, and never traps`(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        var bytes = try Self.entry().bytes
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        _ = try? Entry(bytes, epoch: Self.epoch)
    }
}

@Suite(.endsInTime()) struct `A message of protocol buffers` {
    @Test func `reads back as it was written`() throws {
        let bytes = ProtobufWriter.message { message in
            message.write(1, 300)
            message.write(2, "text")
            message.write(3) { $0.write(5, UInt64.max) }
            message.write(3) { $0.write(5, 0) }
            message.write(4, true)
        }
        let message = try ProtobufMessage(bytes[...])
        #expect(message.number(1) == 300)
        #expect(message.text(2) == "text")
        #expect(message.messages(3).map { $0.number(5) } == [.max, 0])
        #expect(message.flag(4))
        #expect(message.number(9) == 0)
        #expect(message.message(9) == nil)
    }

    @Test func `that ends too early is refused`() throws {
        let bytes = ProtobufWriter.message { $0.write(2, "text") }
        for count in 1..<bytes.count {
            #expect(throws: ProtobufMessage.Damage.self) { try ProtobufMessage(bytes[..<count]) }
        }
    }

    @Test func `comes out of its frame however the bytes arrive`() throws {
        let inner = ProtobufWriter.message { $0.write(1, 7) }
        let framed: [UInt8] = [0, 0, 0, 0, UInt8(inner.count)] + inner
        var messages = GRPCMessages()
        var found: [UInt64] = []
        for byte in framed + framed {
            unsafe withUnsafeBytes(of: byte) { unsafe messages.append($0) }
            while let message = try messages.next() { found.append(message.number(1)) }
        }
        #expect(found == [7, 7])
    }

    @Test func `that claims to be too long is refused`() throws {
        var messages = GRPCMessages()
        let framed: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF]
        unsafe framed.withUnsafeBytes { unsafe messages.append($0) }
        #expect(throws: LogFailure.self) { try messages.next() }
    }
}

@Suite(.endsInTime()) struct `What a log may forget` {
    @Test func `is what no node needs to decide about the events that stay`() {
        var trims = LogTrims()
        for revision in 1...20 as ClosedRange<UInt64> { trims.add(revision: revision, bytes: 100) }
        #expect(trims.unneeded() == 0)
        trims.add(trim: 21, below: 10 * 1024)
        // The events from 10 on were decided when nothing was forgotten.
        #expect(trims.unneeded() == 0)
        for revision in 22...40 as ClosedRange<UInt64> { trims.add(revision: revision, bytes: 100) }
        trims.add(trim: 41, below: 30 * 1024)
        // Those from 30 on were decided when everything below 10 was forgotten.
        #expect(trims.unneeded() == 10)
    }

    @Test func `begins where the entries have more bytes than the limit`() {
        var trims = LogTrims()
        for revision in 1...10 as ClosedRange<UInt64> { trims.add(revision: revision, bytes: 1000 - 256) }
        #expect(trims.start(limit: 10_000) == 0)
        #expect(trims.start(limit: 3_000) == 8)
        #expect(trims.bytesSinceTrim == 10_000)
        trims.add(trim: 11, below: 8 * 1024)
        #expect(trims.start(limit: 3_000) == 0)
        #expect(trims.sinceTrim == 0)
    }
}
