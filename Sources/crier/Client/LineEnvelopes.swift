/// Makes an envelope of each line: `{"data":"…"}`. Nothing is kept of a line, however long it is: the daemon says when it is
/// too long.
struct LineEnvelopes {
    /// The beginning of each envelope, up to the data.
    private let opening: [UInt8]
    private var isInLine = false
    /// Whether a carriage return has come, which is data unless the line ends behind it.
    private var sawCarriageReturn = false

    init(event: String?, key: String?) {
        var members = ""
        if let event { members += "\"event\":\(JSONLine.quoted(event))," }
        if let key { members += "\"key\":\(JSONLine.quoted(key))," }
        opening = Array("{\(members)\"data\":\"".utf8)
    }

    /// Takes the next piece of input.
    ///
    /// - Returns: what it adds to the envelopes.
    mutating func feed(_ bytes: [UInt8]) -> [UInt8] {
        var envelopes: [UInt8] = []
        for byte in bytes {
            if !isInLine { envelopes += opening }
            isInLine = true
            if byte == 0x0A {
                envelopes += finish()
                continue
            }
            if sawCarriageReturn { JSONLine.append(0x0D, to: &envelopes) }
            sawCarriageReturn = byte == 0x0D
            if !sawCarriageReturn { JSONLine.append(byte, to: &envelopes) }
        }
        return envelopes
    }

    /// The end of the envelope of a last line without a line feed; empty when there is none.
    mutating func finish() -> [UInt8] {
        guard isInLine else { return [] }
        isInLine = false
        sawCarriageReturn = false
        return Array("\"}\n".utf8)
    }
}

/// Strings as JSON on one line, byte by byte: what is not UTF-8 is for the daemon to refuse, with the number of the line.
private enum JSONLine {
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
