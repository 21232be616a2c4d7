import Glibc
public import SystemPackage

extension Descriptor {
    /// Two Unix sockets that are connected to each other, and do not block. The caller owns them. The corresponding C
    /// function is `socketpair`.
    public static func pair() throws(Errno) -> (CInt, CInt) {
        var numbers: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        _ = try invoke(.socketpair) { unsafe socketpair(AF_UNIX, type, 0, &numbers) }
        return (numbers[0], numbers[1])
    }

    /// Waits until there is something to read, on a thread that waits for nothing else. The corresponding C function is
    /// `poll`.
    ///
    /// - Returns: whether there is.
    public func waitForInput(milliseconds: UInt64) -> Bool {
        var polled = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, CInt(clamping: milliseconds)) > 0
    }
}
