/// An `http` URL (RFC 9110 section 4.2.1), taken apart but not decoded.
public struct HTTPURL: Sendable, Hashable {
    /// A name or a numeric address, without brackets.
    public let host: String
    /// 80 when it is not given.
    public let port: UInt16
    /// What the Host field says: the host and the port as they were written.
    public let authority: String
    /// What stands after the authority, from its first slash on; empty when nothing does.
    public let target: String

    /// Nil for anything that is not `http://host[:port][/…]` in printable ASCII, or that has user information.
    public init?(_ text: String) {
        // The Host field and the request line get what stands here: there is no room for a line end in it.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.lowercased().hasPrefix("http://") else {
            return nil
        }
        let rest = text.dropFirst(7)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let named = rest[..<slash]
        target = String(rest[slash...])
        // A numeric address of IPv6 has colons of its own, and so stands in brackets.
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
