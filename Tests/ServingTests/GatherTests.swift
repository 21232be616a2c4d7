import Glibc
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

@Suite(.endsInTime()) struct `A gather` {
    @Test func `begins after the cursor: what was sent is never sent again, and nothing is left out`() {
        var gather = Gather()
        gather.load([2, 4, 6, 8].map { frame($0) })
        let starts = (0...9).map { gather.start(after: $0) }
        #expect(starts == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    }

    @Test func `takes no more than one write can hold, and nothing beyond the end of a channel`() {
        var gather = Gather()
        gather.load((1...2000).map { frame(UInt64($0)) })
        let (count, last) = (gather.count, gather.last)
        #expect(count == Gather.capacity && last == UInt64(Gather.capacity))
        gather.load([frame(1), frame(2, ends: TopicID(index: 0)), frame(3)])
        let ended = (gather.count, gather.endsTopic)
        #expect(ended.0 == 2 && ended.1 == TopicID(index: 0))
    }

    @Test func `knows to the byte where a full socket stopped it`() throws {
        var numbers: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &numbers) == 0)
        let near = Descriptor(owning: numbers[0])
        let far = Descriptor(owning: numbers[1])
        var gather = Gather()
        gather.load((1...1024).map { frame(UInt64($0), 5000) })
        guard case .stalled(let frames, let offset, let bytes) = gather.send(from: 3, to: near) else {
            return #expect(Bool(false), "the socket took all of it")
        }
        #expect(frames * 5000 + offset == bytes && offset < 5000)
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case .bytes(let count) = far.read(into: &buffer) { received += buffer[..<count] }
        #expect(received.count == bytes)
        // The fourth frame, of sequence number 4, was the first; the one that was cut follows those that went out whole.
        #expect(received.first == 4)
        if offset > 0 { #expect(received.last == UInt8(truncatingIfNeeded: 4 + frames)) }
    }
}
