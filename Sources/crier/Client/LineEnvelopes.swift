import EventStreams

/// Converts each line of input to an envelope: `{"data":"…"}`. It stores no line, however long: the daemon refuses a
/// line that is too long, or that is not UTF-8, with its number.
struct LineEnvelopes {
    /// The start of each envelope, up to the data.
    private let opening: [UInt8]
    private var isInLine = false
    /// Whether the last byte was a carriage return, which is data unless a line feed follows.
    private var sawCarriageReturn = false

    init(event: String?, key: String?) {
        var members = ""
        if let event { members += "\"event\":\(JSONText.string(event))," }
        if let key { members += "\"key\":\(JSONText.string(key))," }
        opening = Array("{\(members)\"data\":\"".utf8)
    }

    /// Converts the next piece of input.
    ///
    /// - Returns: the next bytes of the envelopes.
    mutating func feed(_ bytes: [UInt8]) -> [UInt8] {
        var envelopes: [UInt8] = []
        for byte in bytes {
            if !isInLine { envelopes += opening }
            isInLine = true
            if byte == 0x0A {
                envelopes += finish()
                continue
            }
            if sawCarriageReturn { JSONText.append(0x0D, to: &envelopes) }
            sawCarriageReturn = byte == 0x0D
            if !sawCarriageReturn { JSONText.append(byte, to: &envelopes) }
        }
        return envelopes
    }

    /// Ends the envelope of a last line without a line feed; empty when there is no such line.
    mutating func finish() -> [UInt8] {
        guard isInLine else { return [] }
        isInLine = false
        sawCarriageReturn = false
        return Array("\"}\n".utf8)
    }
}
