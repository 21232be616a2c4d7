import Bytes

/// Writes text as JSON (RFC 8259 section 7), byte by byte. It does not check for UTF-8.
public enum JSONText {
    private static let quotationMark: UInt8 = 0x22

    /// A quoted string, or `null`.
    public static func string(_ text: String?) -> String {
        guard let text else { return "null" }
        var quoted: [UInt8] = []
        append(quoted: text, to: &quoted)
        return String(decoding: quoted, as: UTF8.self)
    }

    /// Appends a quoted string.
    public static func append(quoted text: String, to json: inout [UInt8]) {
        json.append(quotationMark)
        var text = text
        text.withUTF8 { bytes in
            // Most text needs no escape, and then goes over as a whole.
            if unsafe bytes.contains(where: { needsEscape($0) }) {
                unsafe bytes.forEach { append($0, to: &json) }
            } else {
                unsafe json.append(contentsOf: bytes)
            }
        }
        json.append(quotationMark)
    }

    /// Appends a quoted string of UTF-8 bytes.
    public static func append(quoted bytes: [UInt8], to json: inout [UInt8]) {
        json.append(quotationMark)
        for byte in bytes { append(byte, to: &json) }
        json.append(quotationMark)
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == quotationMark || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    /// Appends one byte of a string, escaped if it must be.
    public static func append(_ byte: UInt8, to json: inout [UInt8]) {
        switch byte {
        case quotationMark, UInt8(ascii: "\\"):
            json.append(UInt8(ascii: "\\"))
            json.append(byte)
        case 0x0A: json.append("\\n")
        case 0x0D: json.append("\\r")
        case 0x09: json.append("\\t")
        case 0..<0x20, 0x7F:
            json.append("\\u00")
            json.append(contentsOf: [byte >> 4, byte & 15].map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 })
        default: json.append(byte)
        }
    }
}
