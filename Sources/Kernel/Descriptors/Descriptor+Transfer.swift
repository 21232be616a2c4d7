public import Glibc
public import SystemPackage

extension Descriptor {
    /// Reads the available bytes into `buffer`, which must not be empty. The corresponding C function is `read`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        do throws(Errno) {
            let count = try invoke(.read) { unsafe Glibc.read(number, buffer.baseAddress, buffer.count) }
            return count == 0 ? .end : .bytes(count)
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Reads the available bytes into the front of an array, which must not be empty.
    public func read(into buffer: inout [UInt8]) -> ReadOutcome {
        unsafe buffer.withUnsafeMutableBytes { unsafe read(into: $0) }
    }

    /// Reads a file or a pipe to its end, or until there are more bytes than a limit.
    ///
    /// - Throws: the error of a failed read.
    public func readToEnd(limit: Int = .max) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limit {
            switch read(into: &buffer) {
            case .bytes(let count): bytes += buffer[..<count]
            case .end: return bytes
            case .wouldBlock: throw .wouldBlock
            case .failed(let error): throw error
            }
        }
        return bytes
    }

    /// Copies the available bytes of a socket into `buffer`, which must not be empty, and leaves them to be read. The
    /// corresponding C function is `recv` with MSG_PEEK.
    public func peek(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        do throws(Errno) {
            let count = try invoke(.read) { unsafe recv(number, buffer.baseAddress, buffer.count, CInt(MSG_PEEK)) }
            return count == 0 ? .end : .bytes(count)
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Offers bytes to a socket; never raises SIGPIPE. The corresponding C function is `send`.
    ///
    /// - Parameter moreFollows: whether the kernel may hold the bytes back until more follow, for 200 ms at most
    ///   (`MSG_MORE`).
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
    /// - Parameter pieces: at most ``vectorLimit``; with more the call fails (EMSGSIZE).
    public func send(vector pieces: UnsafeMutableBufferPointer<iovec>) -> WriteOutcome {
        var message = unsafe msghdr()
        unsafe message.msg_iov = pieces.baseAddress
        unsafe message.msg_iovlen = pieces.count
        do throws(Errno) {
            return .wrote(try invoke(.sendmsg) { unsafe sendmsg(number, &message, CInt(MSG_NOSIGNAL)) })
        } catch {
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// The most pieces that one vectored write may have (IOV_MAX on Linux).
    public static var vectorLimit: Int { 1024 }

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

    /// Ends this side of the connection; the other side can still be read. The corresponding C function is `shutdown`.
    public func finishSending() {
        // ENOTCONN means that the peer closed first; there is nothing left to do then.
        _ = try? invoke(.shutdown) { shutdown(number, CInt(SHUT_WR)) }
    }

    /// Whether the peer of an idle socket has finished sending. It does not wait and consumes no byte.
    public var hasEnded: Bool {
        var byte: UInt8 = 0
        return (try? invoke(.read) { unsafe recv(number, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) }) == 0
    }

    /// Waits until one of two descriptors has input or its peer has closed, for clients that wait for nothing else.
    /// Files are always readable. The corresponding C function is `poll`.
    ///
    /// - Returns: for each of the two, whether it is ready; neither is when a signal interrupted the call.
    public static func waitForInput(_ one: borrowing Descriptor, _ other: borrowing Descriptor) -> (Bool, Bool) {
        var polled = [
            pollfd(fd: one.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other.number, events: Int16(POLLIN), revents: 0),
        ]
        guard unsafe poll(&polled, 2, -1) > 0 else { return (false, false) }
        return (polled[0].revents != 0, polled[1].revents != 0)
    }
}
