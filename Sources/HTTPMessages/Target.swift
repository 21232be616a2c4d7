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

    /// A server must accept the absolute form too (RFC 9112 section 3.2.2); its authority says nothing new here.
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

/// Percent-encoding (RFC 3986 section 2.1).
public enum PercentCoding {
    /// The bytes that the encoding stands for; nil when a `%` is not followed by two hexadecimal digits.
    ///
    /// - Parameter plusIsSpace: in a query, browsers write a space as `+` (WHATWG URL 5.1).
    public static func decode(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case 0x25:
                guard let high = iterator.next()?.hexadecimalValue, let low = iterator.next()?.hexadecimalValue
                else { return nil }
                result.append(high << 4 | low)
            case 0x2B where plusIsSpace: result.append(Ascii.space)
            default: result.append(byte)
            }
        }
        return result
    }

    /// Encodes everything but letters, digits and `-._~` and, when asked, the slash.
    public static func encode(_ text: String, keepingSlash: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(Character(.init(byte)))
            case 0x2F where keepingSlash: result.append("/")
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}

/// The parameters of a query, in order, decoded.
public struct Query: Sendable, Hashable {
    /// One `name=value`; a name without `=` has an empty value.
    public struct Parameter: Sendable, Hashable {
        /// What stands before the equals sign.
        public let name: [UInt8]
        /// What stands after it.
        public let value: [UInt8]
    }

    /// All of them.
    public let parameters: [Parameter]

    /// Nil when a percent-encoding is broken.
    public init?(_ query: [UInt8]?) {
        var parameters: [Parameter] = []
        for part in (query ?? []).split(separator: 0x26) {
            let pair = part.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(pair[0], plusIsSpace: true),
                let value = PercentCoding.decode(pair.count > 1 ? pair[1] : [], plusIsSpace: true)
            else { return nil }
            parameters.append(Parameter(name: name, value: value))
        }
        self.parameters = parameters
    }

    /// The values of every parameter with this name.
    public func values(_ name: String) -> [[UInt8]] {
        parameters.filter { $0.name.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The value of the first parameter with this name.
    public func first(_ name: String) -> [UInt8]? {
        parameters.first { $0.name.elementsEqual(name.utf8) }?.value
    }
}
