/// What every payload begins with, so that a subscriber can tell who published it, as which event, and when: 29 bytes
/// of ASCII, found in whatever the server puts around them. Padding follows, and a last byte that shows that nothing
/// was cut off.
public struct Stamp: Sendable, Hashable {
    /// Nanoseconds of the monotonic clock.
    var time: UInt64
    /// The number of the event among those of its publisher to its channel, from 0 on.
    var sequence: UInt32
    /// The number of the publisher.
    var publisher: UInt16

    static let mark = UInt8(ascii: "@")
    static let endMark = UInt8(ascii: ";")
    /// Bytes: the mark and 28 hexadecimal digits.
    static let size = 29
    /// The smallest payload: a stamp and the last byte.
    public static let minimum = size + 1

    /// A payload of so many bytes with room for a stamp at its beginning.
    static func payload(_ size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(ascii: "."), count: max(size, minimum))
        bytes[0] = mark
        bytes[bytes.count - 1] = endMark
        return bytes
    }

    /// Writes the stamp into bytes, from an offset on.
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

    /// Reads a stamp from ``size`` bytes that begin with the mark; nil when they are none.
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
