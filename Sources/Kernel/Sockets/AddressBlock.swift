import Glibc

/// The addresses that one client can be expected to have: an IPv4 address, or the 64 bits of an IPv6 address that name a
/// network (RFC 6177: the rest is the client's own to choose).
public struct AddressBlock: Sendable, Hashable {
    private let prefix: UInt64
    private let isIPv4: Bool

    /// The block of an address; nil for a Unix socket.
    public init?(_ address: SocketAddress) {
        switch address.family {
        case AF_INET:
            prefix = address.view(as: sockaddr_in.self) { UInt64(UInt32(bigEndian: $0.sin_addr.s_addr)) }
            isIPv4 = true
        case AF_INET6:
            let bytes = address.view(as: sockaddr_in6.self) { address in
                unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe Array($0) }
            }
            // An IPv4 client of a socket for both (RFC 4291 section 2.5.5.2). All of them are in one /64.
            isIPv4 = bytes[..<12].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
            let significant = isIPv4 ? bytes[12...] : bytes[..<8]
            prefix = significant.reduce(0) { $0 << 8 | UInt64($1) }
        default: return nil
        }
    }
}
