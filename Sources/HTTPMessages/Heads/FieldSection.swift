import Bytes

/// The header fields of a message, in the order sent. It stores the bytes once; each field is two ranges of them.
public struct FieldSection: Sendable {
    private struct Field: Sendable {
        let name: Range<Int>
        let value: Range<Int>
    }

    private let bytes: [UInt8]
    private var fields: [Field] = []
    /// Bit n is set when a name has n bytes modulo 64: most of the fields that crier asks for are absent.
    private var nameLengths: UInt64 = 0

    /// Reads field lines (RFC 9112 section 5).
    init(_ lines: ArraySlice<Range<Int>>, of bytes: [UInt8]) throws(Refusal) {
        self.bytes = bytes
        fields.reserveCapacity(lines.count)
        for line in lines {
            let field = try Self.field(line, of: bytes)
            fields.append(field)
            nameLengths |= 1 << UInt64(field.name.count & 63)
        }
    }

    private static func field(_ line: Range<Int>, of bytes: [UInt8]) throws(Refusal) -> Field {
        let first = bytes[line.lowerBound]
        if first == Ascii.space || first == Ascii.tab { throw .obsoleteFolding }
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon] != Ascii.colon { colon += 1 }
        guard colon < line.upperBound, colon > line.lowerBound else { throw .badFieldName }
        let last = bytes[colon - 1]
        if last == Ascii.space || last == Ascii.tab { throw .spaceBeforeColon }
        for index in line.lowerBound..<colon where !bytes[index].isToken { throw .badFieldName }
        let value = bytes[(colon + 1)..<line.upperBound].trimmed
        for index in value.indices where !bytes[index].isFieldContent { throw .badFieldValue }
        return Field(name: line.lowerBound..<colon, value: value.startIndex..<value.endIndex)
    }

    /// The number of fields.
    public var count: Int { fields.count }

    /// The number of fields with this name. The name must be in lower case.
    public func count(of name: StaticString) -> Int {
        guard mayHave(name) else { return 0 }
        var count = 0
        for field in fields where has(field, name) { count += 1 }
        return count
    }

    private func mayHave(_ name: StaticString) -> Bool {
        nameLengths & (1 << UInt64(name.utf8CodeUnitCount & 63)) != 0
    }

    private func has(_ field: Field, _ name: StaticString) -> Bool {
        // Most names differ in their lengths, which costs least to see.
        field.name.count == name.utf8CodeUnitCount && bytes[field.name].equalsIgnoringCase(name)
    }

    /// The value of the first field with this name; nil when there is none. The name must be in lower case.
    public func first(_ name: StaticString) -> ArraySlice<UInt8>? {
        guard mayHave(name) else { return nil }
        for field in fields where has(field, name) { return bytes[field.value] }
        return nil
    }

    /// The number of fields with a name that only the configuration knows, in lower case.
    public func count(named name: String) -> Int { fields.count { has($0, name) } }

    private func has(_ field: Field, _ name: String) -> Bool {
        bytes[field.name].elementsEqual(name.utf8) { (0x41...0x5A).contains($0) ? $0 | 0x20 == $1 : $0 == $1 }
    }

    /// The value of the first field with such a name; nil when there is none.
    public func first(named name: String) -> ArraySlice<UInt8>? {
        fields.first { has($0, name) }.map { bytes[$0.value] }
    }

    /// The value of the first field with this name as text; bytes that are not UTF-8 become U+FFFD.
    public func text(_ name: StaticString) -> String? {
        first(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The members of a comma-separated list from all fields with this name, trimmed and without empty members
    /// (RFC 9110 section 5.6.1).
    public func list(_ name: StaticString) -> [ArraySlice<UInt8>] {
        guard mayHave(name) else { return [] }
        var members: [ArraySlice<UInt8>] = []
        for field in fields where has(field, name) {
            var rest = bytes[field.value]
            while let (member, after) = rest.cut(at: 0x2C) {
                members.append(member.trimmed)
                rest = after
            }
            members.append(rest.trimmed)
        }
        // A key path in place of the closure would be made anew each time.
        if !members.isEmpty { members.removeAll { $0.isEmpty } }
        return members
    }

    /// Whether the list contains this member. The name and the member must be in lower case.
    public func list(_ name: StaticString, has member: StaticString) -> Bool {
        // Most requests do not have the field, and then this allocates nothing.
        list(name).contains { $0.equalsIgnoringCase(member) }
    }
}
