import Glibc
import Kernel

/// Carries bytes to and from a client over a plain socket. Every byte for a client goes through
/// ``write(_:moreFollows:)``, so encryption would belong here.
struct Transport: ~Copyable {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// Offers pieces, at least one, to the kernel.
    ///
    /// - Parameter moreFollows: whether the kernel may keep a single piece for the next write, for 200 ms at most
    ///   (`MSG_MORE`). Has no effect on several pieces.
    @inline(__always)
    func write(_ pieces: UnsafeMutableBufferPointer<iovec>, moreFollows: Bool) -> WriteOutcome {
        if pieces.count == 1 {
            return unsafe descriptor.send(
                UnsafeRawBufferPointer(start: pieces[0].iov_base, count: pieces[0].iov_len), moreFollows: moreFollows)
        }
        return unsafe descriptor.send(vector: pieces)
    }

    /// Reads into the front of a buffer, which must not be empty.
    ///
    /// - Parameter most: bytes to read at most, 1 or more.
    func read(into buffer: inout [UInt8], atMost most: Int = .max) -> ReadOutcome {
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(most)))
        }
    }

    /// Reads as ``read(into:atMost:)`` does, and leaves the bytes where they are.
    func peek(into buffer: inout [UInt8], atMost most: Int) -> ReadOutcome {
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe descriptor.peek(into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(most)))
        }
    }

    /// Sends the end of the stream. The other direction stays open.
    func finishSending() { descriptor.finishSending() }

    /// What identifies the socket of a TCP connection, and how many bytes the kernel has taken; nil for another kind.
    var cookieAndBytesTaken: (cookie: UInt64, taken: UInt64)? {
        guard let cookie = descriptor.socketCookie, let taken = descriptor.bytesTaken else { return nil }
        return (cookie, taken)
    }

    /// Ends both directions, also of a socket that another process has.
    func shutDown() { descriptor.shutDown() }

    var peer: SocketAddress { SocketAddress(peerOf: descriptor) }

    /// The user at the other end of a Unix socket; nil for another kind.
    var peerIdentity: PeerIdentity? { PeerIdentity(of: descriptor) }
}
