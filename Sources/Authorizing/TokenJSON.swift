import Access
import JSON

/// The members of a JSON object in a token.
struct TokenJSON {
    private var members: [String: ArraySlice<UInt8>] = [:]

    /// - Throws: ``TokenFault/notJSON``, ``TokenFault/nestedTooDeeply`` or ``TokenFault/repeatedClaim``.
    init(_ bytes: [UInt8]) throws(TokenFault) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notJSON }
        var scanner = JSONScanner(bytes)
        var repeats = false
        do throws(InvalidJSON) {
            guard scanner.take(UInt8(ascii: "{")) else { throw InvalidJSON("not an object", at: 1) }
            try scanner.list(until: UInt8(ascii: "}")) { scanner throws(InvalidJSON) in
                let name = String(decoding: try scanner.string(), as: UTF8.self)
                try scanner.expect(UInt8(ascii: ":"), "a colon")
                if members.updateValue(try scanner.value(), forKey: name) != nil { repeats = true }
            }
            try scanner.expectEnd()
        } catch {
            throw error.isNesting ? .nestedTooDeeply : .notJSON
        }
        if repeats { throw .repeatedClaim }
    }

    /// The names of the members.
    var names: Set<String> { Set(members.keys) }

    func has(_ name: String) -> Bool { members[name] != nil }

    /// The text of a member; nil when there is none.
    ///
    /// - Throws: ``TokenFault/badClaim`` for a value of another type.
    func text(_ name: String) throws(TokenFault) -> String? {
        guard let value = members[name] else { return nil }
        return try Self.text(value)
    }

    private static func text(_ value: ArraySlice<UInt8>) throws(TokenFault) -> String {
        guard value.first == UInt8(ascii: "\"") else { throw .badClaim }
        var scanner = JSONScanner(Array(value))
        guard let text = try? scanner.string() else { throw .badClaim }
        return String(decoding: text, as: UTF8.self)
    }

    /// The texts of an array of strings; nil when there is none.
    func texts(_ name: String) throws(TokenFault) -> [String]? {
        guard let value = members[name] else { return nil }
        guard value.first == UInt8(ascii: "[") else { throw .badClaim }
        var scanner = JSONScanner(Array(value))
        var texts: [String] = []
        do throws(InvalidJSON) {
            _ = scanner.take(UInt8(ascii: "["))
            try scanner.list(until: UInt8(ascii: "]")) { scanner throws(InvalidJSON) in
                texts.append(String(decoding: try scanner.string(), as: UTF8.self))
            }
        } catch {
            throw .badClaim
        }
        return texts
    }

    /// The texts of a member that is a string or an array of strings; empty when there is none.
    func oneOrMoreTexts(_ name: String) throws(TokenFault) -> [String] {
        if members[name]?.first == UInt8(ascii: "\"") { return try text(name).map { [$0] } ?? [] }
        return try texts(name) ?? []
    }

    /// Milliseconds since 1970 of a NumericDate (RFC 7519 section 2); nil when there is none.
    func date(_ name: String) throws(TokenFault) -> UInt64? {
        guard let value = members[name] else { return nil }
        // Some ten thousand years: no addition of a leeway overflows.
        guard let seconds = Double(String(decoding: value, as: UTF8.self)), (0...400_000_000_000).contains(seconds)
        else { throw .badClaim }
        return UInt64(seconds * 1000)
    }

    func flag(_ name: String) throws(TokenFault) -> Bool {
        guard let value = members[name] else { return false }
        if value.elementsEqual("true".utf8) { return true }
        guard value.elementsEqual("false".utf8) else { throw .badClaim }
        return false
    }

    func object(_ name: String) throws(TokenFault) -> TokenJSON? {
        guard let value = members[name] else { return nil }
        guard value.first == UInt8(ascii: "{") else { throw .badClaim }
        return try TokenJSON(Array(value))
    }
}
