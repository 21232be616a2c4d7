/// The lines of the data of an event: the pieces between CRLF, LF and CR, including empty ones.
struct DataLines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    /// The start of the next piece; nil after the last one.
    private var start: Int? = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> Range<Int>? {
        guard let start else { return nil }
        let end = Self.lineBreak(bytes, from: start)
        if end == bytes.count {
            self.start = nil
        } else {
            let isPair = bytes[end] == 0x0D && end + 1 < bytes.count && bytes[end + 1] == 0x0A
            self.start = end + (isPair ? 2 : 1)
        }
        return start..<end
    }

    /// The index of the first CR or LF from a place on; the number of bytes when there is none.
    private static func lineBreak(_ bytes: [UInt8], from start: Int) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var index = start
            // Eight bytes at a time: most data has no line break.
            while index + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if hasByte(0x0A, word) || hasByte(0x0D, word) { break }
                index += 8
            }
            while index < bytes.count, unsafe bytes[index] != 0x0A && bytes[index] != 0x0D { index += 1 }
            return index
        }
    }

    /// Whether one of the eight bytes of a word has a value. The subtraction borrows from a zero byte only.
    private static func hasByte(_ byte: UInt8, _ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & (ones << 7) != 0
    }
}
