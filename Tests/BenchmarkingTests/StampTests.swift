import Testing
import TimeLimits

@testable import Benchmarking

/// A payload of `size` bytes with a stamp.
func payload(_ stamp: Stamp, size: Int = Stamp.minimum) -> [UInt8] {
    var bytes = Stamp.payload(size)
    stamp.write(into: &bytes, at: 0)
    return bytes
}

private func read(_ bytes: [UInt8]) -> Stamp? {
    unsafe bytes.withUnsafeBytes { unsafe Stamp($0) }
}

@Suite(.endsInTime()) struct `A stamp` {
    @Test(arguments: [
        Stamp(time: 0, sequence: 0, publisher: 0), Stamp(time: .max, sequence: .max, publisher: .max),
        Stamp(time: 0x0123_4567_89ab_cdef, sequence: 0xfedc_ba98, publisher: 0x7654),
        Stamp(time: 9, sequence: 10, publisher: 15), Stamp(time: 16, sequence: 1 << 31, publisher: 1 << 15),
    ])
    func `is read as it was written`(_ stamp: Stamp) {
        #expect(read(payload(stamp)) == stamp)
    }

    @Test func `is a mark and 28 hexadecimal digits, before the padding and the last byte`() {
        let bytes = payload(Stamp(time: 0xa1, sequence: 0xb2, publisher: 0xc3), size: 33)
        #expect(String(decoding: bytes, as: UTF8.self) == "@00000000000000a1000000b200c3...;")
    }

    @Test func `is written at its offset and nowhere else`() {
        var bytes = Array("<".utf8) + Stamp.payload(0) + Array(">".utf8)
        Stamp(time: 1, sequence: 2, publisher: 3).write(into: &bytes, at: 1)
        #expect(String(decoding: bytes, as: UTF8.self) == "<@0000000000000001000000020003;>")
    }

    @Test func `has room in the smallest payload, and no payload is smaller`() {
        #expect((0...40).map { Stamp.payload($0).count } == (0...40).map { max($0, Stamp.minimum) })
        #expect(Stamp.minimum == Stamp.size + 1)
    }

    @Test(arguments: Array("/:@G`g A\0.\"\n".utf8) + [0x80, 0xB0, 0xE1, 0xFF])
    func `is invalid with any byte but a lower case hexadecimal digit`(_ byte: UInt8) {
        let good = payload(Stamp(time: 1, sequence: 2, publisher: 3))
        let accepted = (1..<Stamp.size).filter { place in
            var bytes = good
            bytes[place] = byte
            return read(bytes) != nil
        }
        #expect(accepted.isEmpty)
    }
}
