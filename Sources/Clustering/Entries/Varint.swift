extension [UInt8] {
    /// Appends a number with seven bits in each byte, the lowest first; all bytes but the last have their highest bit set.
    mutating func append(varint number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
