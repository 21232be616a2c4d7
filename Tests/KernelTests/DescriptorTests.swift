import Glibc
import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

/// Whether a number is an open descriptor.
private func isOpen(_ number: CInt) -> Bool { fcntl(number, F_GETFD) >= 0 }

/// Two connected sockets.
struct Pair: ~Copyable {
    let near: Descriptor
    let far: Descriptor

    init() throws(Errno) {
        var numbers: [CInt] = [0, 0]
        _ = try invoke(.socket) {
            unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0, &numbers)
        }
        near = Descriptor(owning: numbers[0])
        far = Descriptor(owning: numbers[1])
    }
}

@Suite(.serialized, .endsInTime()) struct `A descriptor` {
    @Test func `is closed when its owner goes`() throws {
        var number: CInt = -1
        do {
            let file = try Descriptor.open("/dev/null", O_RDONLY)
            number = file.number
            #expect(isOpen(number))
        }
        #expect(!isOpen(number))
    }

    @Test func `stays open when it is released`() throws {
        let number = try Descriptor.open("/dev/null", O_RDONLY).release()
        #expect(isOpen(number))
        _ = Descriptor(owning: number)
        #expect(!isOpen(number))
    }

    @Test func `is not inherited by children`() throws {
        let file = try Descriptor.open("/dev/null", O_RDONLY)
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `says what went wrong when it cannot be opened`() {
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try Descriptor.open("/no/such/file", O_RDONLY) }
    }
}

@Suite(.endsInTime()) struct `A transfer` {
    @Test func `says would-block and end of stream by values`() throws {
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

    @Test func `takes part of what is offered when the kernel is full, and then blocks`() throws {
        let pair = try Pair()
        let much = [UInt8](repeating: 7, count: 4 << 20)
        guard case .wrote(let count) = pair.near.send(much) else { return #expect(Bool(false), "nothing was taken") }
        #expect(count > 0 && count < much.count)
        #expect(pair.near.send(much) == .wouldBlock)
    }

    @Test func `gathers pieces in one call`() throws {
        let pair = try Pair()
        var first: [UInt8] = [1, 2]
        var second: [UInt8] = [3]
        let outcome = unsafe first.withUnsafeMutableBytes { one in
            unsafe second.withUnsafeMutableBytes { two in
                var pieces = unsafe [
                    iovec(iov_base: one.baseAddress, iov_len: 2), iovec(iov_base: two.baseAddress, iov_len: 1),
                ]
                return unsafe pieces.withUnsafeMutableBufferPointer { unsafe pair.near.send(gathering: $0) }
            }
        }
        #expect(outcome == .wrote(3))
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(pair.far.read(into: &buffer) == .bytes(3))
        #expect(buffer[..<3] == [1, 2, 3])
    }

    @Test func `to a peer that is gone fails without a signal`() throws {
        let pair = try Pair()
        let near = pair.near.number
        let gone = Descriptor(owning: dup(near))
        // Closing the far end while keeping a way to write to the near one.
        shutdown(pair.far.number, CInt(SHUT_RDWR))
        #expect(gone.send([1]) == .failed(.brokenPipe))
    }
}

@Suite(.endsInTime()) struct `A system call` {
    @Test func `that a signal interrupts is made again`() throws {
        let pair = try Pair()
        let outcome = InjectedFailures.with(.send, [.interrupted, .interrupted]) { pair.near.send([1]) }
        #expect(outcome == .wrote(1))
    }

    @Test func `that fails becomes a value where that is normal and an error where it is not`() throws {
        let pair = try Pair()
        #expect(InjectedFailures.with(.send, [.connectionReset]) { pair.near.send([1]) } == .failed(.connectionReset))
        #expect(InjectedFailures.with(.send, [.wouldBlock]) { pair.near.send([1]) } == .wouldBlock)
        var buffer = [UInt8](repeating: 0, count: 8)
        let outcome = InjectedFailures.with(.read, [.connectionReset]) {
            pair.near.read(into: &buffer)
        }
        #expect(outcome == .failed(.connectionReset))
        #expect(throws: Errno.noMemory) {
            try InjectedFailures.with(.epollCreate, [.noMemory]) { () throws(Errno) in _ = try Poller() }
        }
    }
}
