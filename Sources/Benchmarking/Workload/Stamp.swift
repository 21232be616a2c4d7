/// The start of every payload: 29 bytes of ASCII with the publisher, the number of the event and the time. A subscriber
/// finds it whatever the server puts around it. Padding follows, and a last byte that shows that the payload is
/// complete.
public struct Stamp: Sendable, Hashable {
    /// Nanoseconds of the monotonic clock.
    var time: UInt64
    /// The number of the event among those from its publisher to its channel, from 0 on.
    var sequence: UInt32
    /// The number of the publisher.
    var publisher: UInt16

    static let mark = UInt8(ascii: "@")
    static let endMark = UInt8(ascii: ";")
    /// The bytes of a stamp: the mark and 28 hexadecimal digits.
    static let size = 29
    /// The smallest payload in bytes: a stamp and the last byte.
    public static let minimum = size + 1

    /// A payload of `size` bytes with room for a stamp at its start.
    static func payload(_ size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(ascii: "."), count: max(size, minimum))
        bytes[0] = mark
        bytes[bytes.count - 1] = endMark
        return bytes
    }

    /// Writes the stamp into bytes at an offset.
    func write(into bytes: inout [UInt8], at offset: Int) {
        bytes[offset] = Self.mark
        Self.write(time, digits: 16, into: &bytes, at: offset + 1)
        Self.write(UInt64(sequence), digits: 8, into: &bytes, at: offset + 17)
        Self.write(UInt64(publisher), digits: 4, into: &bytes, at: offset + 25)
    }

    private static func write(_ value: UInt64, digits: Int, into bytes: inout [UInt8], at offset: Int) {
        var value = value
        for place in stride(from: offset + digits - 1, through: offset, by: -1) {
            let digit = UInt8(truncatingIfNeeded: value & 15)
            bytes[place] = digit < 10 ? 0x30 + digit : 0x57 + digit
            value >>= 4
        }
    }

    init(time: UInt64, sequence: UInt32, publisher: UInt16) {
        self.time = time
        self.sequence = sequence
        self.publisher = publisher
    }

    /// Parses a stamp from ``size`` bytes that begin with the mark; nil when they are not a stamp.
    @inline(__always)
    init?(_ bytes: UnsafeRawBufferPointer) {
        var wrong: UInt8 = 0
        time = unsafe Self.read(bytes, 1, 16, &wrong)
        sequence = unsafe UInt32(truncatingIfNeeded: Self.read(bytes, 17, 8, &wrong))
        publisher = unsafe UInt16(truncatingIfNeeded: Self.read(bytes, 25, 4, &wrong))
        guard wrong == 0 else { return nil }
    }

    @inline(__always)
    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ digits: Int, _ wrong: inout UInt8
    ) -> UInt64 {
        var value: UInt64 = 0
        for place in offset..<offset + digits {
            let byte = unsafe bytes[place]
            let isDigit = byte &- 0x30 < 10
            let isLetter = byte &- 0x61 < 6
            if !isDigit && !isLetter { wrong = 1 }
            value = value << 4 | UInt64((byte & 15) &+ (isLetter ? 9 : 0))
        }
        return value
    }
}
