/// Reads what an ``EntryWriter`` wrote. Every method throws instead of reading what was not written.
struct EntryReader {
    /// The bytes are no entry that this version knows.
    struct Damage: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong with them.
        let description: String

        init(_ description: String) { self.description = description }
    }

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func byte() throws(Damage) -> UInt8 {
        guard place < bytes.count else { throw Damage("it ends too early") }
        defer { place += 1 }
        return bytes[place]
    }

    mutating func number() throws(Damage) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        throw Damage("a number is too large")
    }

    /// How many things follow, each of which takes a byte at least.
    mutating func count() throws(Damage) -> Int {
        let number = try number()
        guard number <= UInt64(bytes.count - place) else { throw Damage("a count is larger than the rest") }
        return Int(number)
    }

    mutating func fixed() throws(Damage) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 8) { number |= UInt64(try byte()) << shift }
        return number
    }

    mutating func array() throws(Damage) -> ArraySlice<UInt8> {
        let count = try count()
        defer { place += count }
        return bytes[place..<place + count]
    }

    mutating func text() throws(Damage) -> String {
        guard let text = String(validating: try array(), as: UTF8.self) else { throw Damage("a text is not UTF-8") }
        return text
    }
}
