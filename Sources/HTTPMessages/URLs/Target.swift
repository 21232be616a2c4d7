import Bytes

/// The target of a request: a path and a query (RFC 9112 section 3.2).
public struct Target: Sendable, Hashable {
    /// The path as sent, percent-encoded; `*` for `OPTIONS *`.
    public let path: ArraySlice<UInt8>
    /// The query as sent, percent-encoded, without the question mark; nil when there is none.
    public let query: ArraySlice<UInt8>?

    init(_ bytes: ArraySlice<UInt8>, method: String) throws(Refusal) {
        guard !bytes.isEmpty else { throw .badTarget }
        for byte in bytes where !(0x21...0x7E).contains(byte) || byte == 0x23 { throw .badTarget }
        if bytes.equals("*") {
            guard method == "OPTIONS" || method == "PRI" else { throw .badTarget }
            (path, query) = (bytes, nil)
            return
        }
        let origin = try Self.originForm(bytes)
        if let (path, query) = origin.cut(at: 0x3F) {
            (self.path, self.query) = (path, query)
        } else {
            (path, query) = (origin, nil)
        }
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
