import CLinux
import Glibc
import SystemPackage

/// An address that a socket can be bound or connected to.
public struct SocketAddress: Sendable {
    /// Large enough for every family (`sockaddr_storage`).
    var storage: sockaddr_storage
    var length: socklen_t

    /// Why a name could not be turned into addresses.
    public struct ResolutionFailure: Error, CustomStringConvertible {
        /// The resolver's message, after the name it could not resolve.
        public let description: String
    }

    /// The IPv4 and IPv6 addresses of a host. The corresponding C function is `getaddrinfo`.
    ///
    /// - Parameters:
    ///   - host: a name or a numeric address; empty means every address of this machine (for listening).
    ///   - port: 0 lets the kernel choose when listening.
    public static func resolve(host: String, port: UInt16) throws(ResolutionFailure) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host.isEmpty ? nil : host, "\(port)", &hints, &list)
        guard status == 0 else {
            throw ResolutionFailure(description: "\(host): \(unsafe String(cString: gai_strerror(status)))")
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            var address = SocketAddress(storage: sockaddr_storage(), length: unsafe entry.pointee.ai_addrlen)
            unsafe withUnsafeMutableBytes(of: &address.storage) { target in
                unsafe target.copyMemory(
                    from: UnsafeRawBufferPointer(
                        start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen)))
            }
            found.append(address)
            unsafe next = entry.pointee.ai_next
        }
        return found
    }

    /// The address of a Unix socket, or nil when the path is empty or longer than the kernel allows (107 bytes).
    public init?(unixPath path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            return nil
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe withUnsafeBytes(of: &address) { unsafe target.copyMemory(from: $0) }
        }
    }

    /// The address that a socket is bound to.
    public init(boundBy socket: borrowing Descriptor) {
        let number = socket.number
        unsafe self.init(asking: { unsafe getsockname(number, $0, $1) })
    }

    /// The address of the peer of a connected socket.
    public init(peerOf socket: borrowing Descriptor) {
        let number = socket.number
        unsafe self.init(asking: { unsafe getpeername(number, $0, $1) })
    }

    private init(asking call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe call(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        self.init(storage: status == 0 ? storage : sockaddr_storage(), length: length)
    }

    private init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
    }

    /// The address family: `AF_INET`, `AF_INET6`, `AF_UNIX`, or `AF_UNSPEC` when unknown.
    public var family: CInt { CInt(storage.ss_family) }

    /// The TCP port, or nil for a Unix socket.
    public var port: UInt16? {
        switch family {
        case AF_INET: view(as: sockaddr_in.self) { UInt16(bigEndian: $0.sin_port) }
        case AF_INET6: view(as: sockaddr_in6.self) { UInt16(bigEndian: $0.sin6_port) }
        default: nil
        }
    }

    /// Whether only this machine can reach it: 127.0.0.0/8, ::1, their mapped form, or a Unix socket.
    public var isLocal: Bool {
        switch family {
        case AF_UNIX: return true
        case AF_INET: return view(as: sockaddr_in.self) { UInt32(bigEndian: $0.sin_addr.s_addr) >> 24 == 127 }
        case AF_INET6:
            let bytes = view(as: sockaddr_in6.self) { address in
                unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe Array($0) }
            }
            let mapped = Array(repeating: UInt8(0), count: 10) + [0xFF, 0xFF]
            return bytes == Array(repeating: 0, count: 15) + [1] || (bytes.starts(with: mapped) && bytes[12] == 127)
        default: return false
        }
    }

    /// Whether it is the IPv6 wildcard, which then serves IPv4 as well.
    var isEverywhere: Bool { family == AF_INET6 && description.hasPrefix("[::]") }

    func withSockaddr<Value>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Value
    ) throws(Errno) -> Value {
        var copy = storage
        let length = length
        let result: Result<Value, Errno> = unsafe withUnsafeBytes(of: &copy) { bytes in
            let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            do throws(Errno) { return .success(try unsafe body(pointer, length)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    func view<Family, Value>(as family: Family.Type, _ body: (Family) -> Value) -> Value {
        unsafe withUnsafeBytes(of: storage) { body(unsafe $0.loadUnaligned(as: Family.self)) }
    }
}
