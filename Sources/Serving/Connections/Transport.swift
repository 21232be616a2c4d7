import Glibc
import Kernel

/// The way of bytes to and from a client. Every byte that crier sends goes through ``write(_:moreFollows:)``.
///
/// Today a transport is a plain socket. TLS will seal the pieces here.
struct Transport: ~Copyable {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// Offers pieces to the kernel.
    ///
    /// - Parameter moreFollows: whether the kernel may keep them for the next write, for 200 ms at most (`MSG_MORE`).
    @inline(__always)
    func write(_ pieces: UnsafeMutableBufferPointer<iovec>, moreFollows: Bool) -> WriteOutcome {
        if pieces.count == 1 {
            return unsafe descriptor.send(
                UnsafeRawBufferPointer(start: pieces[0].iov_base, count: pieces[0].iov_len), moreFollows: moreFollows)
        }
        return unsafe descriptor.send(vector: pieces)
    }

    /// Reads into the front of a buffer, which must not be empty.
    func read(into buffer: inout [UInt8]) -> ReadOutcome { descriptor.read(into: &buffer) }

    /// Tells the client that nothing more follows. What the client still sends can be read.
    func finishSending() { descriptor.finishSending() }

    var peer: SocketAddress { SocketAddress(peerOf: descriptor) }
}
