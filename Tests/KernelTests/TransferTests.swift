import Glibc
import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

@Suite(.endsInTime()) struct `A transfer` {
    @Test func `returns would-block and end of stream as values`() throws {
        let pair = try Pair()
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(pair.near.read(into: &buffer) == .wouldBlock)
        #expect(pair.far.send([1, 2, 3]) == .wrote(3))
        #expect(pair.near.read(into: &buffer) == .bytes(3))
        var hasEnded = pair.near.hasEnded
        #expect(!hasEnded)
        pair.far.finishSending()
        hasEnded = pair.near.hasEnded
        #expect(hasEnded)
        #expect(pair.near.read(into: &buffer) == .end)
    }

    @Test func `takes only a part when the kernel's buffer is full, and then would block`() throws {
        let pair = try Pair()
        let much = [UInt8](repeating: 7, count: 4 << 20)
        guard case .wrote(let count) = pair.near.send(much) else {
            return #expect(Bool(false), "the kernel took nothing")
        }
        #expect(count > 0 && count < much.count)
        #expect(pair.near.send(much) == .wouldBlock)
    }

    @Test func `writes pieces in one call`() throws {
        let pair = try Pair()
        var first: [UInt8] = [1, 2]
        var second: [UInt8] = [3]
        let outcome = unsafe first.withUnsafeMutableBytes { one in
            unsafe second.withUnsafeMutableBytes { two in
                var pieces = unsafe [
                    iovec(iov_base: one.baseAddress, iov_len: 2), iovec(iov_base: two.baseAddress, iov_len: 1),
                ]
                return unsafe pieces.withUnsafeMutableBufferPointer { unsafe pair.near.send(vector: $0) }
            }
        }
        #expect(outcome == .wrote(3))
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(pair.far.read(into: &buffer) == .bytes(3))
        #expect(buffer[..<3] == [1, 2, 3])
    }

    @Test func `to a closed peer fails without a signal`() throws {
        let pair = try Pair()
        let near = pair.near.number
        let gone = Descriptor(owning: dup(near))
        // Shut down the far end, but keep a descriptor to write to the near one.
        shutdown(pair.far.number, CInt(SHUT_RDWR))
        #expect(gone.send([1]) == .failed(.brokenPipe))
    }
}
