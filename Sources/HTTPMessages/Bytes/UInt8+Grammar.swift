extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }

    /// `tchar`: the bytes of a method and of a field name (RFC 9110 section 5.6.2).
    var isToken: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    /// The bytes of a field value: visible characters, space, tab and bytes above 0x7F (RFC 9110 section 5.5).
    var isFieldContent: Bool { self == Ascii.tab || (self >= 0x20 && self != 0x7F) }

    /// The bytes of the value of `Host`: what a browser or a proxy can take for nothing else (RFC 9110 section 7.2).
    var isHostCharacter: Bool {
        switch self {
        // , / ? # @ \ " < > ^ ` { | }
        case 0x2C, 0x2F, 0x3F, 0x23, 0x40, 0x5C, 0x22, 0x3C, 0x3E, 0x5E, 0x60, 0x7B, 0x7C, 0x7D: false
        default: (0x21...0x7E).contains(self)
        }
    }

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
