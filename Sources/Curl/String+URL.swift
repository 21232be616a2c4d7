extension String {
    /// A URL without its user and password (RFC 3986 section 3.2.1) and without its query, which may have a key; any other text
    /// as it is.
    public var withoutCredentials: String {
        guard let scheme = firstRange(of: "://") else { return self }
        let rest = self[scheme.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest[authority.endIndex...].prefix { !"?#".contains($0) }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return String(self[..<scheme.upperBound] + host + path)
    }
}
