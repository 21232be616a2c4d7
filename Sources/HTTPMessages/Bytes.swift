/// The bytes that the grammar of HTTP names (RFC 9110 section 5.6).
enum Ascii {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let colon: UInt8 = 0x3A
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }

    /// `tchar`: what a method or a field name is made of (RFC 9110 section 5.6.2).
    var isToken: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    /// What a field value may hold: visible characters, space, tab and the bytes above 0x7F (RFC 9110 section 5.5).
    var isFieldContent: Bool { self == Ascii.tab || (self >= 0x20 && self != 0x7F) }

    var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

    var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}

extension Collection<UInt8> {
    /// Whether it is `text`, the case of ASCII letters aside. `text` must be lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return unsafe zip(self, UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            .allSatisfy { $0.lowercased == $1 }
    }
}

extension ArraySlice<UInt8> {
    /// Without the spaces and tabs around it (OWS, RFC 9110 section 5.6.3).
    var trimmed: ArraySlice<UInt8> {
        var slice = self
        while let first = slice.first, first == Ascii.space || first == Ascii.tab { slice.removeFirst() }
        while let last = slice.last, last == Ascii.space || last == Ascii.tab { slice.removeLast() }
        return slice
    }
}
