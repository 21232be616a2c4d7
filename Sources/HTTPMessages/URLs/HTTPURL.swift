/// An `http` URL (RFC 9110 section 4.2.1), split into its parts but not decoded.
public struct HTTPURL: Sendable, Hashable {
    /// A name or a numeric address, without brackets.
    public let host: String
    /// The port; 80 when the URL has none.
    public let port: UInt16
    /// The value for the Host field: host and port as written.
    public let authority: String
    /// The path and query, from the first slash on; empty when the URL has neither.
    public let target: String

    /// Nil for anything that is not `http://host[:port][/…]` in printable ASCII, or that has user information.
    public init?(_ text: String) {
        // The text goes into the Host field and the request line, so a line end in it would inject a field.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.lowercased().hasPrefix("http://") else {
            return nil
        }
        let rest = text.dropFirst(7)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let named = rest[..<slash]
        target = String(rest[slash...])
        // A numeric IPv6 address contains colons, so it is in brackets.
        let colon = named[(named.lastIndex(of: "]") ?? named.startIndex)...].firstIndex(of: ":")
        let digits = colon.map { named[named.index(after: $0)...] } ?? "80"
        guard digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits) else { return nil }
        var host = named[..<(colon ?? named.endIndex)]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains(where: { "@[]?#\\".contains($0) }) else { return nil }
        self.host = String(host)
        self.port = port
        authority = String(named)
    }
}
