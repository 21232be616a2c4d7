import CLinux
import Glibc
public import SystemPackage

/// Options that every accepted connection inherits from its listening socket: Linux copies them at accept, so they
/// cost nothing per connection.
public struct ConnectionOptions: Sendable {
    /// Seconds after which a peer that acknowledges nothing is given up (TCP_USER_TIMEOUT and keepalive), 1 to 3600.
    public var deadPeerSeconds: Int
    /// Bytes the kernel may hold unsent before it stops taking more (TCP_NOTSENT_LOWAT): what a slow subscriber has
    /// not read stays in our log, where all share it, and not in a kernel buffer of its own.
    public var unsentLimit: Int

    /// Options for subscribers that may sit behind a mobile network.
    public init(deadPeerSeconds: Int = 30, unsentLimit: Int = 128 * 1024) {
        self.deadPeerSeconds = deadPeerSeconds
        self.unsentLimit = unsentLimit
    }
}

/// A socket that accepts connections.
public struct Listener: ~Copyable, Sendable {
    /// The listening descriptor, non-blocking.
    public let descriptor: Descriptor
    /// Where it listens, with the port the kernel chose.
    public let address: SocketAddress

    /// Connections that the kernel holds before we accept them; it cuts this to `net.core.somaxconn`.
    public static let backlog: CInt = 65535

    /// Listens on a TCP or Unix address. The corresponding C functions are `socket`, `bind` and `listen`.
    public static func listen(
        on address: SocketAddress, options: ConnectionOptions
    ) throws(Errno) -> Listener {
        let socket = try Descriptor.socket(address.family)
        if address.family != AF_UNIX {
            try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        }
        if address.family == AF_INET6, !address.isEverywhere {
            try socket.set(CInt(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        }
        _ = unsafe try address.withSockaddr { pointer, length throws(Errno) in
            try invoke(.bind) { unsafe Glibc.bind(socket.number, pointer, length) }
        }
        _ = try invoke(.listen) { Glibc.listen(socket.number, Self.backlog) }
        return try Listener(adopting: socket, options: options)
    }

    /// Takes over a socket that already listens, such as one inherited from systemd.
    public init(adopting socket: consuming Descriptor, options: ConnectionOptions) throws(Errno) {
        let address = SocketAddress(boundBy: socket)
        try socket.setNonBlocking(true)
        if address.family != AF_UNIX { try socket.apply(options) }
        self.init(descriptor: socket, address: address)
    }

    private init(descriptor: consuming Descriptor, address: SocketAddress) {
        self.descriptor = descriptor
        self.address = address
    }

    /// Listens on a Unix socket at `path`, replacing a socket file that nobody answers on any more.
    ///
    /// - Parameters:
    ///   - mode: permission bits of the file; who may write to it may connect.
    ///   - owner: numeric user and group of the file; nil leaves them.
    public static func unix(
        path: String, mode: UInt32, owner: (user: UInt32, group: UInt32)?
    ) throws(Errno) -> Listener {
        guard let address = SocketAddress(unixPath: path) else { throw .fileNameTooLong }
        if Descriptor.isSocketFile(path), !Descriptor.answers(address) {
            _ = try invoke(.unlink) { unsafe Glibc.unlink(path) }
        }
        let listener = try listen(on: address, options: ConnectionOptions())
        _ = try invoke(.chmod) { unsafe Glibc.chmod(path, mode_t(mode)) }
        if let owner {
            _ = try invoke(.chown) { unsafe Glibc.chown(path, owner.user, owner.group) }
        }
        return listener
    }

    /// What came of asking for a connection.
    public enum Accepted: ~Copyable {
        /// A connection, non-blocking and close-on-exec.
        case connection(Descriptor)
        /// Nobody waits.
        case nobody
        /// The peer was gone before it was accepted; ask again.
        case vanished
        /// The process or the system has no descriptor or no memory left (EMFILE, ENFILE, ENOBUFS, ENOMEM).
        case exhausted(Errno)
        /// The listening socket itself is broken.
        case failed(Errno)
    }

    /// Takes one waiting connection. The corresponding C function is `accept4`.
    public func accept() -> Accepted {
        do throws(Errno) {
            let flags = CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
            let number = try invoke(.accept4) { accept4(descriptor.number, nil, nil, flags) }
            return .connection(Descriptor(owning: number))
        } catch {
            switch error {
            case .wouldBlock: return .nobody
            case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .noBufferSpace: return .exhausted(error)
            // accept(2): errors already pending on the new connection are passed on; treat them like EAGAIN.
            case .connectionAbort, .connectionReset, .networkDown, .networkUnreachable, .hostIsDown, .noRouteToHost,
                .timedOut, .brokenPipe, .permissionDenied, .notPermitted:
                return .vanished
            default: return .failed(error)
            }
        }
    }
}

extension SocketAddress {
    /// Whether it is the IPv6 wildcard, which then serves IPv4 as well.
    var isEverywhere: Bool { family == AF_INET6 && description.hasPrefix("[::]") }
}

extension Listener {
    /// Removes the file of a Unix socket that nobody shall find any more. The corresponding C function is `unlink`.
    public static func removeSocketFile(_ path: String) {
        _ = try? invoke(.unlink) { unsafe Glibc.unlink(path) }
    }
}
