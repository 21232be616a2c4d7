/// Checks the text of a field of the event stream.
enum FieldText {
    /// The text, if it fits on one line: valid UTF-8 without CR, LF or NUL, and no longer than the limit in bytes.
    static func singleLine(
        _ bytes: ArraySlice<UInt8>, _ part: InvalidEvent.Part, limit: Int
    ) throws(InvalidEvent) -> String {
        guard bytes.count <= limit else { throw .tooLong(part, limit: limit) }
        for byte in bytes {
            if byte == 0x0A || byte == 0x0D { throw .lineBreak(part) }
            if byte == 0 { throw .nul(part) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(part) }
        return text
    }
}
