import Bytes

/// The head of a response (RFC 9112 section 4).
public struct ResponseHead: Sendable {
    /// The status, three digits.
    public let status: Int
    /// The header fields.
    public let fields: FieldSection
    /// How the response marks the end of its body.
    public let framing: Framing
    /// Whether the client can send another request on the connection (RFC 9112 section 9.3).
    public let keepsAlive: Bool

    init(_ scanner: HeadScanner) throws(Refusal) {
        let line = Array(scanner.bytes[scanner.lines[0]])
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8), line[7].isDigit, line[8] == Ascii.space,
            line[9...11].allSatisfy(\.isDigit), line.count == 12 || line[12] == Ascii.space
        else { throw .badStatusLine }
        let status = line[9...11].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        self.status = status
        fields = try FieldSection(scanner.lines.dropFirst(), of: scanner.bytes)
        let hasNoBody = status < 200 || status == 204 || status == 304
        let isHTTP10 = line[7] == 0x30
        framing = hasNoBody ? .none : try Framing(fields, isHTTP10: isHTTP10) ?? .untilClose
        keepsAlive =
            !fields.list("connection", has: "close") && framing != .untilClose
            && (!isHTTP10 || fields.list("connection", has: "keep-alive"))
    }
}
