/// The head of a valid request (RFC 9112 section 3).
public struct RequestHead: Sendable {
    /// A supported version. A minor version above 1 counts as 1.1 (RFC 9110 section 2.5).
    public enum Version: Sendable, Hashable {
        case http10, http11
    }

    /// The method as sent; methods are case-sensitive.
    public let method: String
    /// The path and the query of the target.
    public let target: Target
    /// The version of HTTP.
    public let version: Version
    /// The header fields.
    public let fields: FieldSection
    /// How the request marks the end of its body.
    public let framing: Framing
    /// Whether the request has Content-Length or Transfer-Encoding. A `POST` with neither may have lost its body on the
    /// way.
    public let hasFraming: Bool

    init(_ scanner: HeadScanner) throws(Refusal) {
        let bytes = scanner.bytes
        let parts = bytes[scanner.lines[0]].split(separator: Ascii.space, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .badRequestLine }
        guard !parts[0].isEmpty, parts[0].allSatisfy(\.isToken) else { throw .badMethod }
        method = String(decoding: parts[0], as: UTF8.self)
        version = try Self.version(parts[2], method: method)
        target = try Target(parts[1], method: method)
        fields = try FieldSection(scanner.lines.dropFirst(), of: bytes)
        try Self.checkHost(fields, version)
        let framing = try Framing(fields, isHTTP10: version == .http10)
        self.framing = framing ?? .none
        hasFraming = framing != nil
        guard fields.list("expect").allSatisfy({ $0.equalsIgnoringCase("100-continue") }) else {
            throw .unsupportedExpectation
        }
    }

    /// Whether the connection stays open for another request (RFC 9112 section 9.3).
    public var keepsAlive: Bool {
        if fields.list("connection", has: "close") { return false }
        return version == .http11 || fields.list("connection", has: "keep-alive")
    }

    /// Whether the client waits for `100 Continue` before it sends the body; an HTTP/1.0 client cannot
    /// (RFC 9110 section 10.1.1).
    public var expectsContinue: Bool {
        version == .http11 && framing != .none && fields.list("expect", has: "100-continue")
    }

    private static func version(_ text: ArraySlice<UInt8>, method: String) throws(Refusal) -> Version {
        let text = Array(text)
        guard text.count == 8, text.starts(with: "HTTP/".utf8), text[5].isDigit, text[6] == 0x2E, text[7].isDigit
        else { throw .badVersion }
        guard text[5] == 0x31 else { throw method == "PRI" && text[5] == 0x32 ? .http2Preface : .unsupportedVersion }
        return text[7] == 0x30 ? .http10 : .http11
    }

    private static func checkHost(_ fields: FieldSection, _ version: Version) throws(Refusal) {
        let hosts = fields.values(of: "host")
        guard hosts.count <= 1 else { throw .repeatedHost }
        guard let host = hosts.first else {
            if version == .http11 { throw .missingHost }
            return
        }
        let forbidden = " \t,/?#@\\\"<>^`{|}"
        guard host.allSatisfy({ (0x21...0x7E).contains($0) }), !host.contains(where: forbidden.utf8.contains) else {
            throw .badHost
        }
    }
}
