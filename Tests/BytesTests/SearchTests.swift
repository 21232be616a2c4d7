import Bytes
import SeededRandom
import Testing

@Suite struct `The search for a byte` {
    @Test func `finds the first of those that it looks for, wherever it stands`() {
        var generator = SplitMix(state: 3)
        for _ in 0..<20_000 {
            // Many bytes near those that are looked for, and near the borders of a word.
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                [0x00, 0x0A, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x7F, 0x80, 0x8A, 0xA2, 0xFF]
                    .randomElement(using: &generator)! as UInt8
            }
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let limit = [0, 0x20, 0x80].randomElement(using: &generator)! as UInt8
            let expected = bytes[start...].firstIndex { $0 == 0x22 || $0 == 0x5C || $0 < limit } ?? bytes.count
            #expect(bytes.span.firstIndex(of: 0x22, or: 0x5C, below: limit, from: start) == expected)
        }
    }

    @Test func `finds a difference in any byte of two texts`() {
        func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { one.span.isEqual(to: other.span) }
        for count in 0...20 {
            let bytes = (0..<count).map { UInt8($0) }
            #expect(areEqual(bytes, bytes))
            #expect(!areEqual(bytes, bytes + [0]))
            for place in 0..<count {
                var other = bytes
                other[place] ^= 0x80
                #expect(!areEqual(bytes, other))
            }
        }
    }
}
