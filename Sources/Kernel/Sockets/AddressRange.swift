/// The addresses that share their first bits, such as 10.0.0.0/8 (RFC 4632 section 3.1).
public struct AddressRange: Sendable, Hashable {
    private let first: IPAddress
    /// How many bits they share, of 128.
    private let bits: Int

    /// Parses an address, or an address and the number of its bits; nil for anything else, and for an address with further
    /// bits, which is likely a mistake.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = IPAddress(parts[0]) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        guard parts.count == 1 || parts[1].allSatisfy({ $0.isASCII && $0.isNumber }),
            let bits = parts.count == 1 ? width : Int(parts[1]), (0...width).contains(bits)
        else { return nil }
        first = address
        self.bits = bits + 128 - width
        let (high, low) = Self.masks(self.bits)
        guard address.high & ~high == 0, address.low & ~low == 0 else { return nil }
    }

    /// Whether an address is one of them.
    public func contains(_ address: IPAddress) -> Bool {
        let (high, low) = Self.masks(bits)
        return address.high & high == first.high && address.low & low == first.low
    }

    private static func masks(_ bits: Int) -> (high: UInt64, low: UInt64) {
        // A shift by 64 gives 0.
        (~(UInt64.max >> UInt64(min(bits, 64))), ~(UInt64.max >> UInt64(max(0, bits - 64))))
    }
}
