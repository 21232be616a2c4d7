import Testing

@testable import Bytes

@Suite struct `What a ByteWriter wrote` {
    private func written() -> [UInt8] {
        nonisolated(unsafe) var bytes: [UInt8] = []
        var writer = ByteWriter { unsafe bytes += $0 }
        writer.write(42)
        writer.write("text")
        writer.write(nil)
        writer.write(7 as UInt64?)
        writer.write(true)
        writer.write(bytes: [UInt8](repeating: 3, count: 1_000_001))
        writer.write(count: 2)
        writer.write("a")
        writer.write("b")
        writer.finish()
        return unsafe bytes
    }

    private func read<Value>(_ bytes: [UInt8], _ body: (inout ByteReader) throws -> Value) throws -> Value {
        try unsafe bytes.withUnsafeBytes { bytes in
            var reader = unsafe try ByteReader(checking: bytes)
            return try body(&reader)
        }
    }

    @Test func `reads back the same`() throws {
        try read(written()) { reader in
            let (number, text) = (try reader.number(), try reader.text())
            let (none, some) = (try reader.optionalNumber(), try reader.optionalNumber())
            let (flag, array) = (try reader.flag(), try reader.array())
            let list = try reader.list { reader throws(ByteReader.Damage) in try reader.text() }
            #expect(number == 42 && text == "text" && none == nil && some == 7 && flag && list == ["a", "b"])
            #expect(array == [UInt8](repeating: 3, count: 1_000_001))
            #expect(reader.isAtEnd)
        }
    }

    @Test func `is refused with any one bit flipped, or any of its end missing`() throws {
        let bytes = written()
        for place in Array(0..<100) + Array(stride(from: 100, to: bytes.count, by: 9973)) + [bytes.count - 1] {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[place] ^= 1 << UInt8(bit)
                #expect(throws: ByteReader.Damage.self) { try read(flipped) { _ in } }
            }
        }
        for missing in 1..<20 {
            #expect(throws: ByteReader.Damage.self) { try read(Array(bytes.dropLast(missing))) { _ in } }
        }
        #expect(throws: ByteReader.Damage.self) { try read([]) { _ in } }
    }

    @Test func `ends with an error when more is read than was written`() throws {
        nonisolated(unsafe) var bytes: [UInt8] = []
        var writer = ByteWriter { unsafe bytes += $0 }
        writer.write(1 << 63)
        writer.finish()
        let written = unsafe bytes
        #expect(throws: ByteReader.Damage.self) { try read(written) { try $0.count() } }
        #expect(throws: ByteReader.Damage.self) { try read(written) { try $0.tally() } }
        #expect(throws: ByteReader.Damage.self) { try read(written) { try $0.array() } }
        #expect(throws: ByteReader.Damage.self) { try read(written) { try $0.index(below: 5) } }
        #expect(throws: ByteReader.Damage.self) {
            try read(written) {
                _ = try $0.number()
                _ = try $0.byte()
            }
        }
    }
}
