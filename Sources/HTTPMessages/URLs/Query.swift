import Bytes

/// The parameters of a query, in order, decoded.
public struct Query: Sendable, Hashable {
    /// One `name=value`. A name without `=` has an empty value.
    public struct Parameter: Sendable, Hashable {
        /// The bytes before the equals sign.
        public let name: ArraySlice<UInt8>
        /// The bytes after the equals sign.
        public let value: ArraySlice<UInt8>
    }

    /// All parameters.
    public private(set) var parameters: [Parameter] = []

    /// Splits and decodes a query; nil when it contains a broken percent-encoding.
    public init?(_ query: ArraySlice<UInt8>?) {
        guard var rest = query else { return }
        while !rest.isEmpty {
            let (part, after) = rest.cut(at: 0x26) ?? (rest, [])
            rest = after
            if part.isEmpty { continue }
            let (name, value) = part.cut(at: 0x3D) ?? (part, [])
            guard let name = PercentCoding.decode(name, plusIsSpace: true),
                let value = PercentCoding.decode(value, plusIsSpace: true)
            else { return nil }
            parameters.append(Parameter(name: name, value: value))
        }
    }

    /// The values of all parameters with this name.
    public func values(_ name: StaticString) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for parameter in parameters where parameter.name.equals(name) { values.append(parameter.value) }
        return values
    }

    /// The value of the first parameter with this name; nil when there is none.
    public func first(_ name: StaticString) -> ArraySlice<UInt8>? {
        for parameter in parameters where parameter.name.equals(name) { return parameter.value }
        return nil
    }
}
