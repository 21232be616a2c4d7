public import Glibc
public import SystemPackage

/// What came of asking for bytes. Would-block and end of stream are ordinary, so they are values and not errors.
public enum ReadOutcome: Equatable, Sendable {
    /// So many bytes, at least one, are in the buffer.
    case bytes(Int)
    /// Nothing is there now; the descriptor will be reported readable.
    case wouldBlock
    /// The peer has finished sending.
    case end
    /// The connection is broken.
    case failed(Errno)
}

/// What came of offering bytes.
public enum WriteOutcome: Equatable, Sendable {
    /// The kernel took so many bytes; fewer than offered means that it is full.
    case wrote(Int)
    /// The kernel is full; the descriptor will be reported writable.
    case wouldBlock
    /// The connection is broken.
    case failed(Errno)
}

extension Descriptor {
    /// Reads what is there into `buffer`, which must not be empty. The corresponding C function is `read`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        do throws(Errno) {
            let count = try invoke(.read) { unsafe Glibc.read(number, buffer.baseAddress, buffer.count) }
            return count == 0 ? .end : .bytes(count)
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Reads what is there into the front of an array, which must not be empty.
    public func read(into buffer: inout [UInt8]) -> ReadOutcome {
        unsafe buffer.withUnsafeMutableBytes { unsafe read(into: $0) }
    }

    /// Offers bytes to a socket; never raises SIGPIPE. The corresponding C function is `send`.
    ///
    /// - Parameter moreFollows: whether they may wait for the next bytes, for 200 ms at most (`MSG_MORE`).
    public func send(_ bytes: UnsafeRawBufferPointer, moreFollows: Bool = false) -> WriteOutcome {
        let flags = CInt(MSG_NOSIGNAL) | (moreFollows ? CInt(MSG_MORE) : 0)
        do throws(Errno) {
            return .wrote(
                try invoke(.send) { unsafe Glibc.send(number, bytes.baseAddress, bytes.count, flags) })
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Offers the bytes of an array to a socket.
    public func send(_ bytes: [UInt8]) -> WriteOutcome {
        unsafe bytes.withUnsafeBufferPointer { unsafe send(UnsafeRawBufferPointer($0)) }
    }

    /// Offers several pieces to a socket in one call. The corresponding C function is `sendmsg`.
    ///
    /// - Parameter pieces: at most ``gatherLimit``; further ones are an error (EMSGSIZE).
    public func send(gathering pieces: UnsafeMutableBufferPointer<iovec>) -> WriteOutcome {
        var message = unsafe msghdr()
        unsafe message.msg_iov = pieces.baseAddress
        unsafe message.msg_iovlen = pieces.count
        do throws(Errno) {
            return .wrote(try invoke(.sendmsg) { unsafe sendmsg(number, &message, CInt(MSG_NOSIGNAL)) })
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// The most pieces that one gather write may have (IOV_MAX on Linux).
    public static var gatherLimit: Int { 1024 }

    /// Writes bytes to a file, a pipe or a terminal. The corresponding C function is `write`.
    public func write(_ bytes: [UInt8]) -> WriteOutcome {
        do throws(Errno) {
            return .wrote(
                try invoke(.write) {
                    unsafe bytes.withUnsafeBufferPointer { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
                })
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Says that no more will be sent, while what the peer still sends can be read. The C function is `shutdown`.
    public func finishSending() {
        // ENOTCONN only says that the peer was faster; there is nothing left to do then.
        _ = try? invoke(.shutdown) { shutdown(number, CInt(SHUT_WR)) }
    }
}

extension Descriptor {
    /// Whether the peer of an idle socket has finished sending, without waiting and without taking any byte.
    public var hasEnded: Bool {
        var byte: UInt8 = 0
        return (try? invoke(.read) { unsafe recv(number, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) }) == 0
    }
}
