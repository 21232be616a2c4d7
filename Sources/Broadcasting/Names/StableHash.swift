/// A hash that is the same in every process and on every machine (FNV-1a, 64 bits). It does not resist an attacker that
/// chooses the input.
public struct StableHash: Sendable {
    /// The hash of everything added so far.
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash of no bytes.
    public init() {}

    /// Adds bytes.
    public mutating func add(_ bytes: RawSpan) {
        for offset in bytes.byteOffsets {
            add(byte: unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self))
        }
    }

    /// Adds the UTF-8 of a string and a terminator, so that two strings never hash like their concatenation.
    public mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte: byte) }
        add(byte: 0)
    }

    /// Adds a number.
    public mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { add(byte: UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    private mutating func add(byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
}
