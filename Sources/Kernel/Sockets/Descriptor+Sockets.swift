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
}
