import Bytes

/// Parses JSON (RFC 8259) strictly. It accepts no extension, and nothing after the end.
public struct JSONScanner {
    @usableFromInline let bytes: [UInt8]
    @usableFromInline var index = 0

    /// The most arrays and objects within one another. More could overflow the stack.
    private static let depthLimit = 64

    /// A scanner at the start of a text.
    @inlinable
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next byte that is not white space, without consuming it; nil at the end.
    @inlinable
    public mutating func peek() -> UInt8? {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return bytes[index]
            }
        }
        return nil
    }

    /// Consumes a byte if it is next.
    @inlinable
    public mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    /// The position of the next byte in the text.
    @inlinable
    public var position: Int { index }

    /// Consumes the bytes that an earlier place of the text has, if the same come next.
    public mutating func takeAgain(_ place: Range<Int>) -> Bool {
        let end = index + place.count
        guard end <= bytes.count, isEqual(place, index..<end) else { return false }
        index = end
        return true
    }

    private func isEqual(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        bytes.span.extracting(one).isEqual(to: bytes.span.extracting(other))
    }

    /// Consumes a byte, which must be next.
    ///
    /// - Parameter name: what is missing otherwise, for the error.
    @inlinable
    public mutating func expect(_ byte: UInt8, _ name: String) throws(InvalidJSON) {
        guard take(byte) else { throw wrong("\(name) is missing") }
    }

    /// Checks that nothing but white space follows.
    @inlinable
    public mutating func expectEnd() throws(InvalidJSON) {
        guard peek() == nil else { throw wrong("something follows the end") }
    }

    @usableFromInline
    func wrong(_ problem: String) -> InvalidJSON { InvalidJSON(problem, at: min(index, bytes.count) + 1) }

    /// Parses a string and decodes its escapes. The caller must check that the bytes are UTF-8.
    public mutating func string() throws(InvalidJSON) -> ArraySlice<UInt8> {
        try expect(0x22, "a quotation mark")
        let start = index
        index = bytes.span.firstIndex(of: 0x22, or: 0x5C, below: 0x20, from: index)
        guard index < bytes.count else { throw wrong("the end of a string is missing") }
        switch bytes[index] {
        // Most strings contain no escape.
        case 0x22:
            defer { index += 1 }
            return bytes[start..<index]
        case 0x5C: return try escapedString(from: start)[...]
        default: throw wrong("a control character in a string")
        }
    }

    private mutating func escapedString(from start: Int) throws(InvalidJSON) -> [UInt8] {
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x22:
                index += 1
                return text
            case 0x5C:
                index += 1
                try escape(&text)
            case 0..<0x20: throw wrong("a control character in a string")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw wrong("the end of a string is missing")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(InvalidJSON) {
        guard index < bytes.count else { throw wrong("the end of a string is missing") }
        defer { index += 1 }
        switch bytes[index] {
        case 0x22, 0x5C, 0x2F: text.append(bytes[index])
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(0x0A)
        case 0x72: text.append(0x0D)
        case 0x74: text.append(0x09)
        case 0x75:
            var unit = try hexadecimal()
            if (0xD800...0xDBFF).contains(unit) {
                guard index + 2 < bytes.count, bytes[index + 1] == 0x5C, bytes[index + 2] == 0x75 else {
                    throw wrong("half of a surrogate pair")
                }
                index += 2
                let low = try hexadecimal()
                guard (0xDC00...0xDFFF).contains(low) else { throw wrong("half of a surrogate pair") }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(unit) else { throw wrong("half of a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar)!)
        default: throw wrong("an escape that JSON does not have")
        }
    }

    /// Parses four digits. `index` is at the `u` before, and at the last digit after.
    private mutating func hexadecimal() throws(InvalidJSON) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            index += 1
            guard index < bytes.count else { throw wrong("four hexadecimal digits are missing") }
            switch bytes[index] {
            case let byte where (0x30...0x39).contains(byte): value = value << 4 | UInt32(byte - 0x30)
            case let byte where (0x41...0x46).contains(byte & 0xDF): value = value << 4 | UInt32(byte & 0xDF - 0x37)
            default: throw wrong("four hexadecimal digits are missing")
            }
        }
        return value
    }

    /// Parses any value and returns its bytes as written.
    public mutating func value() throws(InvalidJSON) -> ArraySlice<UInt8> { try value(depth: 0) }

    private mutating func value(depth: Int) throws(InvalidJSON) -> ArraySlice<UInt8> {
        guard depth < Self.depthLimit else {
            throw InvalidJSON("values within more than \(Self.depthLimit) others", at: index + 1, isNesting: true)
        }
        guard let first = peek() else { throw wrong("a value is missing") }
        let start = index
        switch first {
        case 0x22: _ = try string()
        case 0x7B:
            index += 1
            try list(until: 0x7D) { scanner throws(InvalidJSON) in
                _ = try scanner.string()
                try scanner.expect(0x3A, "a colon")
                _ = try scanner.value(depth: depth + 1)
            }
        case 0x5B:
            index += 1
            try list(until: 0x5D) { scanner throws(InvalidJSON) in _ = try scanner.value(depth: depth + 1) }
        case 0x74: try word("true")
        case 0x66: try word("false")
        case 0x6E: try word("null")
        default: try number()
        }
        return bytes[start..<index]
    }

    /// Parses the elements between commas, after the opening bracket, and the closing bracket.
    public mutating func list(
        until close: UInt8, _ element: (inout JSONScanner) throws(InvalidJSON) -> Void
    ) throws(InvalidJSON) {
        if take(close) { return }
        while true {
            try element(&self)
            if try !takeComma(orEnd: close) { return }
        }
    }

    /// Takes the comma before another element of a list, or the closing bracket.
    ///
    /// - Returns: whether another element follows.
    @inlinable
    public mutating func takeComma(orEnd close: UInt8) throws(InvalidJSON) -> Bool {
        if take(close) { return false }
        try expect(0x2C, "a comma or a closing bracket")
        return true
    }

    private mutating func word(_ word: StaticString) throws(InvalidJSON) {
        let count = word.utf8CodeUnitCount
        let isThere = unsafe bytes[index...].prefix(count).elementsEqual(
            UnsafeBufferPointer(start: word.utf8Start, count: count))
        guard isThere else { throw wrong("a value is missing") }
        index += count
    }

    private mutating func number() throws(InvalidJSON) {
        let start = index
        if index < bytes.count, bytes[index] == 0x2D { index += 1 }
        let whole = digits()
        guard whole > 0 else {
            index = start
            throw wrong("a value is missing")
        }
        guard whole == 1 || bytes[index - whole] != 0x30 else { throw wrong("a number that begins with 0") }
        if index < bytes.count, bytes[index] == 0x2E {
            index += 1
            guard digits() > 0 else { throw wrong("a digit is missing") }
        }
        guard index < bytes.count, bytes[index] | 0x20 == 0x65 else { return }
        index += 1
        if index < bytes.count, bytes[index] == 0x2B || bytes[index] == 0x2D { index += 1 }
        guard digits() > 0 else { throw wrong("a digit is missing") }
    }

    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        return index - start
    }
}
