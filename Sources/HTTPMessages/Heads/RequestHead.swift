import Bytes

/// The head of a valid request (RFC 9112 section 3). A class, because a request hands its head from part to part, and a copy
/// of the struct would count five references.
public final class RequestHead: Sendable {
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
        let line = scanner.bytes[scanner.lines[0]]
        guard let (method, rest) = line.cut(at: Ascii.space), let (target, version) = rest.cut(at: Ascii.space),
            !version.contains(Ascii.space)
        else { throw .badRequestLine }
        guard !method.isEmpty else { throw .badMethod }
        for byte in method where !byte.isToken { throw .badMethod }
        self.method = String(decoding: method, as: UTF8.self)
        self.version = try Self.version(version, method: self.method)
        self.target = try Target(target, method: self.method)
        fields = try FieldSection(scanner.lines.dropFirst(), of: scanner.bytes)
        try Self.checkHost(fields, self.version)
        let framing = try Framing(fields, isHTTP10: self.version == .http10)
        self.framing = framing ?? .none
        hasFraming = framing != nil
        for expectation in fields.list("expect") where !expectation.equalsIgnoringCase("100-continue") {
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
        let first = text.startIndex
        guard text.count == 8, text.starts(with: "HTTP/"), text[first + 5].isDigit, text[first + 6] == 0x2E,
            text[first + 7].isDigit
        else { throw .badVersion }
        guard text[first + 5] == 0x31 else {
            throw method == "PRI" && text[first + 5] == 0x32 ? .http2Preface : .unsupportedVersion
        }
        return text[first + 7] == 0x30 ? .http10 : .http11
    }

    private static func checkHost(_ fields: FieldSection, _ version: Version) throws(Refusal) {
        guard let host = fields.first("host") else {
            if version == .http11 { throw .missingHost }
            return
        }
        guard fields.count(of: "host") == 1 else { throw .repeatedHost }
        for byte in host where !byte.isHostCharacter { throw .badHost }
    }
}
