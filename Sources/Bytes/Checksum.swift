/// A checksum that finds every change of a single word of 64 bits, and a change of several with near certainty. It does not
/// resist an attacker.
struct Checksum {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var count: UInt64 = 0

    /// Adds bytes: a multiple of 8, except the last time.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var place = 0
        while place + 8 <= bytes.count {
            add(UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
            place += 8
        }
        var last: UInt64 = 0
        for index in place..<bytes.count { last = last << 8 | UInt64(unsafe bytes[index]) }
        if place < bytes.count { add(last) }
        count += UInt64(bytes.count)
    }

    /// Each step maps different states, and different words, to different states.
    private mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0xFF51_AFD7_ED55_8CCD
        state ^= state >> 32
    }

    /// The checksum of everything so far.
    var value: UInt64 { (state ^ count) &* 0xC4CE_B9FE_1A85_EC53 }
}
