/// Encodes JSON strings on one line, byte by byte. It does not check for UTF-8: the daemon refuses other bytes, with
/// the number of the line.
enum JSONLine {
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 { append(byte, to: &bytes) }
        return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
    }

    static func append(_ byte: UInt8, to result: inout [UInt8]) {
        switch byte {
        case 0x22, 0x5C: result += [0x5C, byte]
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            result += Array(("\\u00" + (byte < 16 ? "0" : "") + digits).utf8)
        default: result.append(byte)
        }
    }
}
