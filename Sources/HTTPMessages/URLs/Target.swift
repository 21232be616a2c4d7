/// The target of a request: a path and a query (RFC 9112 section 3.2).
public struct Target: Sendable, Hashable {
    /// The path as sent, percent-encoded; `*` for `OPTIONS *`.
    public let path: [UInt8]
    /// The query as sent, percent-encoded, without the question mark; nil when there is none.
    public let query: [UInt8]?

    init(_ bytes: ArraySlice<UInt8>, method: String) throws(Refusal) {
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x23 }) else { throw .badTarget }
        if bytes.elementsEqual("*".utf8) {
            guard method == "OPTIONS" || method == "PRI" else { throw .badTarget }
            (path, query) = ([0x2A], nil)
            return
        }
        let origin = try Self.originForm(bytes)
        let mark = origin.firstIndex(of: 0x3F)
        path = Array(origin[..<(mark ?? origin.endIndex)])
        query = mark.map { Array(origin[($0 + 1)...]) }
    }

    /// A server must also accept the absolute form (RFC 9112 section 3.2.2). Its authority is not used.
    private static func originForm(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> ArraySlice<UInt8> {
        if bytes.first == 0x2F { return bytes }
        guard bytes.prefix(7).equalsIgnoringCase("http://") else { throw .badTarget }
        let rest = bytes.dropFirst(7)
        guard let end = rest.firstIndex(where: { $0 == 0x2F || $0 == 0x3F }) else {
            guard !rest.isEmpty else { throw .badTarget }
            return [0x2F]
        }
        guard end > rest.startIndex else { throw .badTarget }
        return rest[end] == 0x2F ? rest[end...] : [0x2F] + rest[end...]
    }
}
