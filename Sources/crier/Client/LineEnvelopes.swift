/// Makes an envelope of each line: `{"data":"…"}`.
struct LineEnvelopes {
    /// The beginning of each envelope, up to the data.
    private let opening: [UInt8]
    private var line: [UInt8] = []

    init(event: String?, key: String?) {
        var members = ""
        if let event { members += "\"event\":\(JSONLine.quoted(event))," }
        if let key { members += "\"key\":\(JSONLine.quoted(key))," }
        opening = Array("{\(members)\"data\":\"".utf8)
    }

    /// Takes the next piece of input.
    ///
    /// - Returns: the envelopes of the lines that became complete.
    mutating func feed(_ bytes: [UInt8]) -> [UInt8] {
        var envelopes: [UInt8] = []
        for byte in bytes {
            if byte == 0x0A { endLine(&envelopes) } else { line.append(byte) }
        }
        return envelopes
    }

    /// The envelope of a last line without a line feed; empty when there is none.
    mutating func finish() -> [UInt8] {
        var envelopes: [UInt8] = []
        if !line.isEmpty { endLine(&envelopes) }
        return envelopes
    }

    private mutating func endLine(_ envelopes: inout [UInt8]) {
        if line.last == 0x0D { line.removeLast() }
        envelopes += opening
        JSONLine.append(line, to: &envelopes)
        envelopes += Array("\"}\n".utf8)
        line.removeAll(keepingCapacity: true)
    }
}

/// Strings as JSON on one line, byte by byte: what is not UTF-8 is for the daemon to refuse, with the number of the line.
private enum JSONLine {
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(Array(text.utf8), to: &bytes)
        return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
    }

    static func append(_ bytes: [UInt8], to result: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case 0x22, 0x5C: result += [0x5C, byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                result += Array(("\\u00" + (byte < 16 ? "0" : "") + digits).utf8)
            default: result.append(byte)
            }
        }
    }
}
