import CLinux
import Glibc
public import SystemPackage

extension Descriptor {
    /// Opens a stream socket that does not block, unless the caller asks for one that does. The corresponding C
    /// function is `socket`.
    static func socket(_ family: CInt, blocking: Bool = false) throws(Errno) -> Descriptor {
        var type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        if !blocking { type |= CInt(SOCK_NONBLOCK.rawValue) }
        return Descriptor(owning: try invoke(.socket) { Glibc.socket(family, type, 0) })
    }

    /// Connects to an address and waits for the connection. The socket blocks. For clients.
    public static func connect(to address: SocketAddress) throws(Errno) -> Descriptor {
        let socket = try socket(address.family, blocking: true)
        _ = unsafe try address.withSockaddr { pointer, length throws(Errno) in
            try invoke(.connect) { unsafe Glibc.connect(socket.number, pointer, length) }
        }
        if address.family != AF_UNIX { try socket.set(CInt(IPPROTO_TCP), TCP_NODELAY, 1) }
        return socket
    }

    /// Starts to connect to an address and does not wait. The poller reports the socket writable once it is connected;
    /// a failure shows at its first use. For clients with many connections.
    public static func beginConnecting(to address: SocketAddress) throws(Errno) -> Descriptor {
        let socket = try socket(address.family)
        do throws(Errno) {
            _ = unsafe try address.withSockaddr { pointer, length throws(Errno) in
                try invoke(.connect) { unsafe Glibc.connect(socket.number, pointer, length) }
            }
        } catch {
            guard error == .nowInProgress else { throw error }
        }
        if address.family != AF_UNIX { try socket.set(CInt(IPPROTO_TCP), TCP_NODELAY, 1) }
        return socket
    }

    /// Whether a process accepts connections at a Unix address.
    static func answers(_ address: SocketAddress) -> Bool {
        (try? connect(to: address)) != nil
    }

    /// Whether the path is a socket. A regular file must not be replaced: a user may want to keep it.
    static func isSocketFile(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    // MARK: Options

    /// Sets an integer option. The corresponding C function is `setsockopt`.
    public func set(_ level: CInt, _ option: CInt, _ value: CInt) throws(Errno) {
        var value = value
        _ = try invoke(.setsockopt) {
            unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Makes closing the socket send a reset and drop unsent bytes (SO_LINGER of zero).
    public func resetWhenClosed() throws(Errno) {
        var value = linger(l_onoff: 1, l_linger: 0)
        _ = try invoke(.setsockopt) {
            unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        }
    }

    func apply(_ options: ConnectionOptions) throws(Errno) {
        let tcp = CInt(IPPROTO_TCP)
        // crier already combines events into one write batch; Nagle's algorithm would only delay them.
        try set(tcp, TCP_NODELAY, 1)
        try set(SOL_SOCKET, SO_KEEPALIVE, 1)
        try set(tcp, TCP_KEEPIDLE, CInt(max(1, options.deadPeerSeconds / 2)))
        try set(tcp, TCP_KEEPINTVL, CInt(max(1, options.deadPeerSeconds / 6)))
        try set(tcp, TCP_KEEPCNT, 3)
        try set(tcp, TCP_USER_TIMEOUT, CInt(options.deadPeerSeconds * 1000))
        try set(tcp, TCP_NOTSENT_LOWAT, CInt(options.unsentLimit))
    }
}
