/// Reads what a ``ByteWriter`` wrote. Every method throws ``Damage`` instead of reading what was not written. Nothing writes
/// to the bytes; hence `@unchecked`.
@safe
public struct ByteReader: @unchecked Sendable {
    /// The bytes are not what was written.
    public struct Damage: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong with them.
        public let description: String

        /// A reason, without a full stop.
        public init(_ description: String) {
            self.description = description
        }
    }

    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// Checks the checksum.
    ///
    /// - Parameter bytes: must live as long as the reader.
    @unsafe
    public init(checking bytes: UnsafeRawBufferPointer) throws(Damage) {
        guard bytes.count >= 8 else { throw Damage("it is cut short") }
        let end = bytes.count - 8
        var checksum = Checksum()
        unsafe checksum.add(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        let written = UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self))
        guard written == checksum.value else { throw Damage("its checksum is wrong") }
        unsafe self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }

    /// Reads contents that come without a checksum, for tests.
    ///
    /// - Parameter bytes: must live as long as the reader.
    @unsafe
    package init(unchecked bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    /// Whether everything was read.
    public var isAtEnd: Bool { unsafe place == bytes.count }

    private mutating func take(_ count: Int) throws(Damage) -> UnsafeRawBufferPointer {
        guard unsafe count <= bytes.count - place else { throw Damage("it ends too early") }
        defer { place += count }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
    }

    /// Reads one byte.
    public mutating func byte() throws(Damage) -> UInt8 { unsafe try take(1)[0] }

    /// Reads yes or no.
    public mutating func flag() throws(Damage) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw Damage("a flag is neither 0 nor 1")
        }
    }

    /// Reads a number.
    public mutating func number() throws(Damage) -> UInt64 {
        UInt64(littleEndian: unsafe try take(8).loadUnaligned(as: UInt64.self))
    }

    /// Reads a number of something that is counted up, and so stays below 2^62.
    public mutating func tally() throws(Damage) -> UInt64 {
        let number = try number()
        guard number < 1 << 62 else { throw Damage("a number is too large") }
        return number
    }

    /// Reads a number, or that there is none.
    public mutating func optionalNumber() throws(Damage) -> UInt64? { try flag() ? try number() : nil }

    /// Reads how many things follow, each of which takes a byte at least.
    public mutating func count() throws(Damage) -> Int {
        let number = try number()
        guard unsafe number <= UInt64(bytes.count - place) else { throw Damage("a count is larger than the rest") }
        return Int(number)
    }

    /// Reads a number below a limit.
    public mutating func index(below limit: Int) throws(Damage) -> Int {
        let number = try number()
        guard number < UInt64(limit) else { throw Damage("an index is out of range") }
        return Int(number)
    }

    /// Reads bytes.
    public mutating func array() throws(Damage) -> [UInt8] {
        let count = try count()
        return unsafe Array(try take(count))
    }

    /// Reads a text.
    public mutating func text() throws(Damage) -> String {
        guard let text = String(validating: try array(), as: UTF8.self) else { throw Damage("a text is not UTF-8") }
        return text
    }

    /// Reads several things.
    public mutating func list<Element>(
        _ element: (inout ByteReader) throws(Damage) -> Element
    ) throws(Damage) -> [Element] {
        let count = try count()
        var list: [Element] = []
        list.reserveCapacity(min(count, 1024))
        for _ in 0..<count { list.append(try element(&self)) }
        return list
    }
}
