import Glibc

/// An IPv4 or IPv6 address, without a port. An IPv4 address and its mapped form (RFC 4291 section 2.5.5.2) are equal.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The first 64 bits.
    let high: UInt64
    /// The last 64 bits.
    let low: UInt64

    private static let mapped: UInt64 = 0xFFFF_0000_0000

    /// The address of a socket; nil for a Unix socket.
    public init?(_ address: SocketAddress) {
        switch address.family {
        case AF_INET:
            self.init(
                high: 0,
                low: Self.mapped | address.view(as: sockaddr_in.self) { UInt64(UInt32(bigEndian: $0.sin_addr.s_addr)) })
        case AF_INET6:
            let bytes = address.view(as: sockaddr_in6.self) { address in
                unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe Array($0) }
            }
            self.init(bytes: bytes)
        default: return nil
        }
    }

    /// The address in network byte order: 4 or 16 bytes; nil for another number.
    public init?(bytes: [UInt8]) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self.init(high: 0, low: Self.mapped | number(bytes[...]))
        case 16: self.init(high: number(bytes[..<8]), low: number(bytes[8...]))
        default: return nil
        }
    }

    /// The address in network byte order, 16 bytes; an IPv4 address in its mapped form.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    /// Parses an address as text, without a port. The corresponding C function is `inet_pton`.
    public init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(bytes: Array(bytes[..<4]))
        } else if unsafe inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(bytes: bytes)
        } else {
            return nil
        }
    }

    private init(high: UInt64, low: UInt64) {
        (self.high, self.low) = (high, low)
    }

    /// The address as text. The corresponding C function is `inet_ntop`.
    public var description: String {
        let number = isIPv4 ? low << 32 : high
        var bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
        if !isIPv4 { bytes += (0..<8).map { UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * $0)) } }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = unsafe inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it is an IPv4 address.
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }
}
