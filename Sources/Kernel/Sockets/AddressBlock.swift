/// The addresses that one client can be expected to have: an IPv4 address, or the 64 bits of an IPv6 address that name a
/// network (RFC 6177: the rest is the client's own to choose).
public struct AddressBlock: Sendable, Hashable {
    /// The address, or the 64 bits.
    public let prefix: UInt64
    /// Whether it is an IPv4 address.
    public let isIPv4: Bool

    /// The block with a ``prefix``.
    public init(prefix: UInt64, isIPv4: Bool) {
        self.prefix = prefix
        self.isIPv4 = isIPv4
    }

    /// The block of an address.
    public init(_ address: IPAddress) {
        // All IPv4 addresses in their mapped form are in one /64.
        isIPv4 = address.isIPv4
        prefix = isIPv4 ? address.low & 0xFFFF_FFFF : address.high
    }

    /// The block of the address of a socket; nil for a Unix socket.
    public init?(_ address: SocketAddress) {
        guard let address = IPAddress(address) else { return nil }
        self.init(address)
    }
}
