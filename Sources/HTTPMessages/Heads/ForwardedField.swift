import Bytes

/// The clients that proxies name in their fields, as texts of addresses without port and brackets. The last is the one that
/// the nearest proxy has seen; crier believes only what a trusted proxy says.
public enum ForwardedField: String, Sendable, Hashable, CaseIterable {
    /// `X-Forwarded-For`: addresses between commas, not a standard.
    case xForwardedFor = "x-forwarded-for"
    /// `Forwarded` (RFC 7239).
    case forwarded

    /// The clients that the field names, in its order. One that is no address comes as it was written.
    public func clients(_ fields: FieldSection) -> [ArraySlice<UInt8>] {
        switch self {
        case .xForwardedFor: fields.list("x-forwarded-for").map(Self.address)
        case .forwarded: fields.list("forwarded").map(Self.node)
        }
    }

    /// The `for` of an element: its parameters stand between semicolons.
    private static func node(_ element: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        for parameter in element.split(separator: UInt8(ascii: ";")) {
            guard let (name, value) = parameter.trimmed.cut(at: UInt8(ascii: "=")), name.equalsIgnoringCase("for")
            else {
                continue
            }
            let isQuoted = value.count >= 2 && value.first == 0x22 && value.last == 0x22
            return address(isQuoted ? value.dropFirst().dropLast() : value)
        }
        return []
    }

    /// An address without its port and brackets.
    private static func address(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if text.first == UInt8(ascii: "["), let end = text.firstIndex(of: UInt8(ascii: "]")) {
            return text[(text.startIndex + 1)..<end]
        }
        // One colon is before a port, more are in an IPv6 address.
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            text[(colon + 1)...].firstIndex(of: UInt8(ascii: ":")) == nil
        else { return text }
        return text[..<colon]
    }
}
