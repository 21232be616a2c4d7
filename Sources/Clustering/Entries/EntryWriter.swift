/// Writes the parts of an entry one after the other: numbers with seven bits in a byte, texts and bytes with their lengths.
struct EntryWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(byte: UInt8) { bytes.append(byte) }

    mutating func write(_ number: UInt64) { bytes.append(varint: number) }

    mutating func write(count: Int) { write(UInt64(count)) }

    /// A number of which all bits vary.
    mutating func write(fixed number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    mutating func write(_ text: String) {
        write(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(_ other: UnsafeRawBufferPointer) {
        write(count: other.count)
        unsafe bytes.append(contentsOf: other)
    }
}
