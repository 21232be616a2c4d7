/// The parameters of a query, in order, decoded.
public struct Query: Sendable, Hashable {
    /// One `name=value`. A name without `=` has an empty value.
    public struct Parameter: Sendable, Hashable {
        /// The bytes before the equals sign.
        public let name: [UInt8]
        /// The bytes after the equals sign.
        public let value: [UInt8]
    }

    /// All parameters.
    public let parameters: [Parameter]

    /// Splits and decodes a query; nil when it contains a broken percent-encoding.
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

    /// The values of all parameters with this name.
    public func values(_ name: String) -> [[UInt8]] {
        parameters.filter { $0.name.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The value of the first parameter with this name; nil when there is none.
    public func first(_ name: String) -> [UInt8]? {
        parameters.first { $0.name.elementsEqual(name.utf8) }?.value
    }
}
