import Bytes
import JSON

/// A JSON value, for answers whose members nobody knows in advance. The texts share the memory of the answer.
enum JSONTree {
    case object([String: JSONTree])
    case list([JSONTree])
    case text(ArraySlice<UInt8>)
    /// A number, true, false or null, as written.
    case word(ArraySlice<UInt8>)

    init(_ bytes: [UInt8]) throws(InvalidJSON) {
        var scanner = JSONScanner(bytes)
        self = try Self.value(&scanner, depth: 0)
        try scanner.expectEnd()
    }

    private static func value(_ scanner: inout JSONScanner, depth: Int) throws(InvalidJSON) -> JSONTree {
        guard depth < 32 else { throw InvalidJSON("values within too many others", at: 1, isNesting: true) }
        switch scanner.peek() {
        case UInt8(ascii: "\""): return .text(try scanner.string())
        case UInt8(ascii: "{"):
            _ = scanner.take(UInt8(ascii: "{"))
            var members: [String: JSONTree] = [:]
            try scanner.list(until: UInt8(ascii: "}")) { scanner throws(InvalidJSON) in
                let name = String(decoding: try scanner.string(), as: UTF8.self)
                try scanner.expect(UInt8(ascii: ":"), "a colon")
                members[name] = try value(&scanner, depth: depth + 1)
            }
            return .object(members)
        case UInt8(ascii: "["):
            _ = scanner.take(UInt8(ascii: "["))
            var elements: [JSONTree] = []
            try scanner.list(until: UInt8(ascii: "]")) { scanner throws(InvalidJSON) in
                elements.append(try value(&scanner, depth: depth + 1))
            }
            return .list(elements)
        default: return .word(try scanner.value())
        }
    }

    /// A member of an object.
    subscript(name: String) -> JSONTree? { if case .object(let members) = self { members[name] } else { nil } }

    /// The elements of a list.
    var elements: [JSONTree] { if case .list(let elements) = self { elements } else { [] } }

    /// A text.
    var text: String? { if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }

    /// A number, as a text or without quotation marks: etcd writes those of 64 bits as texts.
    var number: UInt64? {
        switch self {
        case .text(let bytes), .word(let bytes): UInt64(String(decoding: bytes, as: UTF8.self))
        case .object, .list: nil
        }
    }

    /// Whether it is `true`.
    var isTrue: Bool { if case .word(let bytes) = self { bytes.elementsEqual("true".utf8) } else { false } }

    /// Bytes, which are in base64.
    var bytes: [UInt8]? { if case .text(let text) = self { Base64.decode(text) } else { nil } }
}
