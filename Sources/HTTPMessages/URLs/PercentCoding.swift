/// Percent-encoding (RFC 3986 section 2.1).
public enum PercentCoding {
    /// The decoded bytes; nil when a `%` has no two hexadecimal digits after it.
    ///
    /// - Parameter plusIsSpace: whether `+` means a space, as browsers write it in a query (WHATWG URL 5.1).
    public static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool = false) -> ArraySlice<UInt8>? {
        // Most names need no decoding, and then this copies nothing.
        guard bytes.contains(where: { $0 == 0x25 || $0 == 0x2B && plusIsSpace }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case 0x25:
                guard let high = iterator.next()?.hexadecimalValue, let low = iterator.next()?.hexadecimalValue
                else { return nil }
                result.append(high << 4 | low)
            case 0x2B where plusIsSpace: result.append(Ascii.space)
            default: result.append(byte)
            }
        }
        return result[...]
    }

    /// Encodes all bytes except A-Z, a-z, 0-9 and `-._~` (RFC 3986 section 2.3), and the slash if asked.
    public static func encode(_ text: String, keepingSlash: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(Character(.init(byte)))
            case 0x2F where keepingSlash: result.append("/")
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
