import Access
import Broadcasting
import HTTPMessages
import Kernel
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `What survives when the process is killed` {
    private let file: RecoveryFile

    init() throws { file = try RecoveryFile(loops: 2, slots: 8, epochs: Epochs(Epoch(description: "e"))) }

    private static func record(_ channels: [String]) throws -> RecoveryRecord {
        RecoveryRecord(
            listener: "tcp:1", proxied: .none, session: SessionID(high: 1, low: 2), form: .chunkedEnvelope,
            subjects: try channels.map { .channel(try ChannelName($0)) }
                + [.pattern(try ChannelPattern("a/*"))],
            grant: nil, client: ClientDetails(agent: Array("agent".utf8)[...], address: nil), since: 17,
            counted: [.name("n")])
    }

    @Test func `a mark is whole at every moment, and the one before stays until the next`() throws {
        var area = RecoveryArea(file, loop: 1)
        let isRegistered = area.register(3, [1], cookie: 77, position: 10, written: 100)
        #expect(isRegistered)
        // Suspended until the first bytes are out.
        #expect(file.readings(of: 1).isEmpty)
        #expect(file.cookies == [77])
        area.advance(3, to: 11, writing: 20)
        area.advance(3, to: 15, writing: 30)
        let reading = try #require(file.readings(of: 1).first)
        #expect(reading.position == 15)
        #expect(reading.written == 150)
        #expect(reading.cookie == 77)
        #expect(file.readings(of: 0).isEmpty)
    }

    @Test func `a batch counts only the events behind the position of its mark`() throws {
        var area = RecoveryArea(file, loop: 0)
        _ = area.register(0, [1], cookie: 1, position: 5, written: 0)
        area.advance(0, to: 5, writing: 0)
        var batch = WriteBatch()
        let frames = (4...8).map { number in
            Frame(
                sequence: UInt64(number), time: 0, endsTopic: nil, channels: [], wire: Array("id: \(number)\n\n".utf8))
        }
        batch.load(frames, .untilClose)
        area.advance(0, to: 7, in: batch)
        area.advance(0, to: 7, in: batch)
        #expect(file.readings(of: 0).first?.written == 14)
        batch.loadJoined(frames, .untilClose)
        area.advance(0, to: 8, in: batch)
        #expect(file.readings(of: 0).first?.written == 21)
    }

    @Test func `a subscriber that leaves is forgotten, and its blocks hold others`() throws {
        var area = RecoveryArea(file, loop: 0)
        // Ten of sixteen blocks.
        let large = [UInt8](repeating: 7, count: RecoveryBlocks.payload * 10)
        for _ in 0..<5 {
            let isRegistered = area.register(0, large, cookie: 1, position: 0, written: 0)
            #expect(isRegistered)
            let hasRoom = area.register(1, large, cookie: 2, position: 0, written: 0)
            #expect(!hasRoom)
            area.unregister(0)
            #expect(file.cookies.isEmpty)
        }
    }

    @Test func `a slot beyond the memory is not recorded`() throws {
        var area = RecoveryArea(file, loop: 0)
        let isRegistered = area.register(8, [1], cookie: 1, position: 0, written: 0)
        #expect(!isRegistered)
        area.advance(8, to: 1, writing: 1)
        area.suspend(8)
        #expect(file.readings(of: 0).isEmpty)
    }

    @Test func `a record is read as it was written, also in many blocks`() throws {
        var area = RecoveryArea(file, loop: 0)
        let written = try Self.record((0..<20).map { "channel/with/a/long/name/\($0)" })
        _ = area.register(2, written.bytes, cookie: 1, position: 0, written: 0)
        area.advance(2, to: 0, writing: 0)
        let reading = try #require(file.readings(of: 0).first)
        let bytes = unsafe RecoveryBlocks.record(in: file.blocks(of: 0), first: reading.block, length: reading.length)
        let read = try RecoveryRecord(try #require(bytes)) { AccessRule(fingerprint: $0) }
        #expect(read.subjects == written.subjects)
        #expect(read.form == .chunkedEnvelope)
        #expect(read.session == written.session)
        #expect(read.counted == [.name("n")])
        #expect(read.client == written.client)
        #expect(read.since == 17)
    }

    @Test func `a chain of blocks that leads nowhere, or in a circle, is no record`() throws {
        let memory = unsafe file.blocks(of: 0)
        #expect(unsafe RecoveryBlocks.record(in: memory, first: 16, length: 1) == nil)
        // Zeros: block 0 follows block 0.
        let circle = unsafe RecoveryBlocks.record(in: memory, first: 0, length: .max)
        #expect(circle == nil)
        let bytes = unsafe RecoveryBlocks.record(in: memory, first: 0, length: 500) ?? []
        #expect(throws: (any Error).self) { try RecoveryRecord(bytes) { AccessRule(fingerprint: $0) } }
    }

    @Test(arguments: [(0, 0), (3, 3), (7, 7)]) func `so many bytes beyond the mark belong to the next events`(
        _ ahead: Int, _ expected: Int
    ) throws {
        let reading = try reading(isHeartbeat: false)
        let progress = RecoveredStream.Progress(reading, .chunked, taken: reading.written + UInt64(ahead))
        #expect(progress == .events(bytes: expected))
    }

    @Test func `a heartbeat on its way is nothing, a part, or whole`() throws {
        let reading = try reading(isHeartbeat: true)
        let size = Heartbeat.bytes(.chunked).count
        func progress(_ ahead: Int) -> RecoveredStream.Progress? {
            RecoveredStream.Progress(reading, .chunked, taken: reading.written + UInt64(ahead))
        }
        #expect(progress(0) == .events(bytes: 0))
        #expect(progress(2) == .heartbeat(bytes: 2))
        #expect(progress(size) == .heartbeat(bytes: size))
        #expect(progress(size + 1) == nil)
        #expect(RecoveredStream.Progress(reading, .chunked, taken: reading.written - 1) == nil)
    }

    private func reading(isHeartbeat: Bool) throws -> RecoveryCursor.Reading {
        var area = RecoveryArea(file, loop: 0)
        _ = area.register(0, [1], cookie: 1, position: 0, written: 1000)
        area.advance(0, to: 0, writing: 0)
        if isHeartbeat { area.expectHeartbeat(0) }
        return try #require(file.readings(of: 0).first)
    }
}
