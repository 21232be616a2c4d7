import Glibc
import HTTPMessages
import Kernel
import Testing
import TimeLimits

@testable import Broadcasting
@testable import Serving

private func frame(_ sequence: UInt64, _ count: Int = 1, ends: TopicID? = nil) -> Frame {
    Frame(
        sequence: sequence, time: 0, endsTopic: ends,
        wire: [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: count))
}

@Suite(.endsInTime()) struct `A write batch` {
    @Test func `starts after the subscriber's position: it repeats no event and omits none`() {
        var batch = WriteBatch()
        batch.load([2, 4, 6, 8].map { frame($0) }, .untilClose)
        let starts = (0...9).map { batch.start(after: $0) }
        #expect(starts == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    }

    @Test func `holds no more events than one write can, and none beyond the end of a channel`() {
        var batch = WriteBatch()
        batch.load((1...2000).map { frame(UInt64($0)) }, .untilClose)
        let (count, last) = (batch.count, batch.last)
        #expect(count == WriteBatch.capacity && last == UInt64(WriteBatch.capacity))
        batch.load([frame(1), frame(2, ends: TopicID(index: 0)), frame(3)], .untilClose)
        let ended = (batch.count, batch.endsTopic)
        #expect(ended.0 == 2 && ended.1 == TopicID(index: 0))
    }

    /// Writes a batch of large events until the socket is full, and compares the bytes that arrived with the result.
    private func stall(from start: Int, _ load: (inout WriteBatch, [Frame]) -> Void) throws {
        let pair = try socketPair()
        var batch = WriteBatch()
        load(&batch, (1...1024).map { frame(UInt64($0), 5000) })
        guard case .stalled(let whole, let offset) = batch.write(from: start, to: pair.near, moreFollows: false) else {
            return #expect(Bool(false), "the socket took all of it")
        }
        let received = readAll(pair.far)
        #expect(received.count == whole * 5000 + offset && offset < 5000)
        #expect(received.first == UInt8(start + 1))
        if offset > 0 { #expect(received.last == UInt8(truncatingIfNeeded: start + 1 + whole)) }
    }

    @Test func `knows to the byte where a full socket stopped it`() throws {
        try stall(from: 3) { batch, frames in batch.load(frames, .untilClose) }
    }

    @Test func `knows to the byte where a full socket stopped joined events`() throws {
        try stall(from: 0) { batch, frames in batch.loadJoined(frames, .untilClose) }
    }

    @Test func `writes joined events as the same bytes as separate ones`() throws {
        let frames = [frame(1, 3), frame(5, 2), frame(6, 4)]
        let pair = try socketPair()
        var batch = WriteBatch()
        batch.loadJoined(frames, .untilClose)
        #expect(batch.write(from: 0, to: pair.near, moreFollows: false) == .all)
        let joined = readAll(pair.far)
        batch.load(frames, .untilClose)
        #expect(batch.write(from: 0, to: pair.near, moreFollows: false) == .all)
        #expect(joined == readAll(pair.far) && joined == [1, 1, 1, 5, 5, 6, 6, 6, 6])
        let last = batch.last
        #expect(last == 6)
    }

    @Test func `writes each event as a chunk of its own, joined or not, and the rest of a chunk`() throws {
        let frames = [frame(1, 1), frame(2, 17)]
        let chunks = Array("1\r\n\u{1}\r\n11\r\n".utf8) + Array(repeating: 2, count: 17) + Array("\r\n".utf8)
        let pair = try socketPair()
        var batch = WriteBatch()
        for isJoined in [true, false] {
            if isJoined { batch.loadJoined(frames, .chunked) } else { batch.load(frames, .chunked) }
            #expect(batch.write(from: 0, to: pair.near, moreFollows: false) == .all)
            #expect(readAll(pair.far) == chunks)
        }
        batch.load(frames[1], .chunked, from: 20)
        #expect(batch.write(from: 0, to: pair.near, moreFollows: false) == .all)
        #expect(readAll(pair.far) == Array(chunks.suffix(3)))
    }

    @Test func `writes the rest of an event, or other bytes, from an offset on`() throws {
        let pair = try socketPair()
        var batch = WriteBatch()
        batch.load(Frame(sequence: 1, time: 0, wire: [10, 11, 12, 13]), .untilClose, from: 2)
        #expect(batch.write(from: 0, to: pair.near, moreFollows: false) == .all)
        batch.load([20, 21, 22, 23][1...])
        #expect(batch.write(from: 0, to: pair.near, moreFollows: false) == .all)
        #expect(readAll(pair.far) == [12, 13, 21, 22, 23])
        let count = batch.count
        #expect(count == 0)
    }

    @Test func `reports a broken connection`() throws {
        let near = try socketPair().nearAlone()
        var batch = WriteBatch()
        batch.load([frame(1)], .untilClose)
        guard case .broken = batch.write(from: 0, to: near, moreFollows: false) else {
            return #expect(Bool(false), "the other end is closed")
        }
    }

    private func readAll(_ transport: borrowing Transport) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case .bytes(let count) = transport.read(into: &buffer) { received += buffer[..<count] }
        return received
    }
}

/// Two transports that are connected to each other.
private func socketPair() throws -> Pair {
    var numbers: [CInt] = [0, 0]
    let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    try #require(unsafe socketpair(AF_UNIX, type, 0, &numbers) == 0)
    return Pair(near: Transport(Descriptor(owning: numbers[0])), far: Transport(Descriptor(owning: numbers[1])))
}

private struct Pair: ~Copyable {
    let near: Transport
    let far: Transport

    /// One end, after the other has closed.
    consuming func nearAlone() -> Transport { near }
}
