/// The header fields of a message, in the order sent. It stores the bytes once; each field is two ranges of them.
public struct FieldSection: Sendable {
    private struct Field: Sendable {
        let name: Range<Int>
        let value: Range<Int>
    }

    private let bytes: [UInt8]
    private var fields: [Field] = []

    /// Reads field lines (RFC 9112 section 5).
    init(_ lines: some Sequence<Range<Int>>, of bytes: [UInt8]) throws(Refusal) {
        self.bytes = bytes
        for line in lines { fields.append(try Self.field(line, of: bytes)) }
    }

    private static func field(_ line: Range<Int>, of bytes: [UInt8]) throws(Refusal) -> Field {
        let first = bytes[line.lowerBound]
        if first == Ascii.space || first == Ascii.tab { throw .obsoleteFolding }
        guard let colon = bytes[line].firstIndex(of: Ascii.colon) else { throw .badFieldName }
        let name = line.lowerBound..<colon
        if let last = bytes[name].last, last == Ascii.space || last == Ascii.tab { throw .spaceBeforeColon }
        guard !name.isEmpty, bytes[name].allSatisfy(\.isToken) else { throw .badFieldName }
        let value = bytes[(colon + 1)..<line.upperBound].trimmed
        guard value.allSatisfy(\.isFieldContent) else { throw .badFieldValue }
        return Field(name: name, value: value.startIndex..<value.endIndex)
    }

    /// The number of fields.
    public var count: Int { fields.count }

    /// The values of all fields with this name. The name must be in lower case.
    public func values(of name: StaticString) -> [ArraySlice<UInt8>] {
        fields.filter { bytes[$0.name].equalsIgnoringCase(name) }.map { bytes[$0.value] }
    }

    /// The value of the first field with this name; nil when there is none. The name must be in lower case.
    public func first(_ name: StaticString) -> ArraySlice<UInt8>? {
        for field in fields where bytes[field.name].equalsIgnoringCase(name) { return bytes[field.value] }
        return nil
    }

    /// The value of the first field with this name as text; bytes that are not UTF-8 become U+FFFD.
    public func text(_ name: StaticString) -> String? {
        first(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The members of a comma-separated list from all fields with this name, trimmed and without empty members
    /// (RFC 9110 section 5.6.1).
    public func list(_ name: StaticString) -> [ArraySlice<UInt8>] {
        values(of: name).flatMap { $0.split(separator: 0x2C).map(\.trimmed) }.filter { !$0.isEmpty }
    }

    /// Whether the list contains this member. The name and the member must be in lower case.
    public func list(_ name: StaticString, has member: StaticString) -> Bool {
        list(name).contains { $0.equalsIgnoringCase(member) }
    }
}
