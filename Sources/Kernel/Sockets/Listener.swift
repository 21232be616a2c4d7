import CLinux
import Glibc
public import SystemPackage

/// A socket that accepts connections.
public struct Listener: ~Copyable, Sendable {
    /// The listening descriptor; it does not block.
    public let descriptor: Descriptor
    /// The address it listens on, with the port that the kernel chose.
    public let address: SocketAddress

    /// Connections that the kernel queues until crier accepts them; the kernel lowers this to `net.core.somaxconn`.
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

    /// Wraps a socket that already listens, such as one inherited from systemd.
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

    /// Listens on a Unix socket at `path`. It replaces a socket file that no process listens on any more.
    ///
    /// - Parameters:
    ///   - mode: permission bits of the file; a user that may write to the file may connect.
    ///   - owner: numeric user and group of the file; nil leaves them unchanged.
    /// - Throws: `addressInUse` when another process listens there or the path is no socket; `fileNameTooLong` over 107
    ///   bytes.
    public static func unix(
        path: String, mode: UInt32, owner: (user: UInt32, group: UInt32)?
    ) throws(Errno) -> Listener {
        guard let address = SocketAddress(unixPath: path) else { throw .fileNameTooLong }
        if Descriptor.isSocketFile(path), !Descriptor.answers(address) {
            _ = try invoke(.unlink) { unsafe Glibc.unlink(path) }
        }
        let listener = try listen(on: address, options: ConnectionOptions())
        try setPermissions(path, mode: mode, owner: owner)
        return listener
    }

    /// Sets who may connect to a Unix socket; see ``unix(path:mode:owner:)``.
    public static func setPermissions(
        _ path: String, mode: UInt32, owner: (user: UInt32, group: UInt32)?
    ) throws(Errno) {
        _ = try invoke(.chmod) { unsafe Glibc.chmod(path, mode_t(mode)) }
        if let owner {
            _ = try invoke(.chown) { unsafe Glibc.chown(path, owner.user, owner.group) }
        }
    }

    /// The result of an accept.
    public enum Accepted: ~Copyable {
        /// A connection, which does not block and is closed on exec.
        case connection(Descriptor)
        /// No connection is waiting.
        case nobody
        /// The peer closed before the accept; call ``accept()`` again.
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

    /// Deletes the file of a Unix socket. The corresponding C function is `unlink`.
    public static func removeSocketFile(_ path: String) {
        _ = try? invoke(.unlink) { unsafe Glibc.unlink(path) }
    }
}
