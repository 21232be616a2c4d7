import Glibc

/// The user at the other end of a Unix socket, when it connected.
public struct PeerIdentity: Sendable, Hashable {
    /// The user id.
    public let user: UInt32
    /// The group ids: that of the process and its supplementary ones.
    public let groups: Set<UInt32>

    /// Asks the kernel; nil for another kind of socket. The corresponding C function is `getsockopt` with SO_PEERCRED and
    /// SO_PEERGROUPS.
    public init?(of socket: borrowing Descriptor) {
        // struct ucred: the numbers of the process, the user and the group.
        var credentials: [UInt32] = [0, 0, 0]
        var length = socklen_t(credentials.count * MemoryLayout<UInt32>.size)
        let status = unsafe getsockopt(socket.number, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
        // A TCP socket has no user: −1.
        guard status == 0, credentials[1] != UInt32.max else { return nil }
        user = credentials[1]
        groups = Self.supplementaryGroups(socket).union([credentials[2]])
    }

    private static func supplementaryGroups(_ socket: borrowing Descriptor) -> Set<UInt32> {
        var groups = [gid_t](repeating: 0, count: 64)
        while groups.count <= 65536 {
            var length = socklen_t(groups.count * MemoryLayout<gid_t>.size)
            if unsafe getsockopt(socket.number, SOL_SOCKET, SO_PEERGROUPS, &groups, &length) == 0 {
                return Set(groups.prefix(Int(length) / MemoryLayout<gid_t>.size))
            }
            guard errno == ERANGE else { return [] }
            groups = [gid_t](repeating: 0, count: groups.count * 4)
        }
        return []
    }
}
