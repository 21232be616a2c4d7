/// The header of the PROXY protocol, by which a proxy says whose connection it passes on (HAProxy's specification
/// "The PROXY protocol", versions 1 and 2).
public struct ProxyHeader: Sendable, Hashable {
    /// What the first bytes of a connection are.
    public enum Outcome: Sendable, Hashable {
        /// The beginning of a header.
        case needsMore
        /// A header.
        case header(ProxyHeader)
        /// Something else.
        case invalid
    }

    /// The bytes of the header.
    public let count: Int
    /// The address of the client, 4 or 16 bytes; nil when the proxy speaks for itself, or does not know the client.
    public let client: [UInt8]?

    /// The most bytes of a header that crier reads. A client's address needs 56 at most; the rest is what the proxy adds.
    public static let limit = 4096
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let start = Array("PROXY ".utf8)

    /// Parses the first bytes of a connection.
    public static func parse(_ bytes: ArraySlice<UInt8>) -> Outcome {
        if bytes.starts(with: signature.prefix(bytes.count)) {
            return bytes.count < 16 ? .needsMore : version2(Array(bytes))
        }
        if bytes.starts(with: start.prefix(bytes.count)) { return version1(Array(bytes)) }
        return .invalid
    }

    private static func version2(_ bytes: [UInt8]) -> Outcome {
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard bytes[12] >> 4 == 2, 16 + length <= limit else { return .invalid }
        guard bytes.count >= 16 + length else { return .needsMore }
        let header = { (client: [UInt8]?) in Outcome.header(ProxyHeader(count: 16 + length, client: client)) }
        switch bytes[12] & 15 {
        // The proxy's own connection, such as a health check.
        case 0: return header(nil)
        case 1: break
        default: return .invalid
        }
        switch bytes[13] {
        case 0x11: return length < 12 ? .invalid : header(Array(bytes[16..<20]))
        case 0x21: return length < 36 ? .invalid : header(Array(bytes[16..<32]))
        // A connection of another kind: a receiver must not refuse it.
        default: return header(nil)
        }
    }

    /// A line of at most 107 bytes.
    private static func version1(_ bytes: [UInt8]) -> Outcome {
        guard let end = bytes.prefix(107).firstIndex(of: 0x0A) else { return bytes.count < 107 ? .needsMore : .invalid }
        guard end > 0, bytes[end - 1] == 0x0D else { return .invalid }
        let words = bytes[..<(end - 1)].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        let header = { (client: [UInt8]?) in Outcome.header(ProxyHeader(count: end + 1, client: client)) }
        let text = { (word: ArraySlice<UInt8>) in String(decoding: word, as: UTF8.self) }
        guard words.count >= 2 else { return .invalid }
        switch text(words[1]) {
        case "UNKNOWN": return header(nil)
        case "TCP4":
            guard words.count == 6, let client = ipv4(words[2]), ipv4(words[3]) != nil, isPort(words[4]),
                isPort(words[5])
            else { return .invalid }
            return header(client)
        case "TCP6":
            guard words.count == 6, let client = ipv6(words[2]), ipv6(words[3]) != nil, isPort(words[4]),
                isPort(words[5])
            else { return .invalid }
            return header(client)
        default: return .invalid
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>, _ radix: Int, atMost most: Int) -> Int? {
        guard !digits.isEmpty, digits.count <= 5,
            digits.allSatisfy({ byte in
                (0x30...0x39).contains(byte)
                    || radix == 16 && ((0x41...0x46).contains(byte) || (0x61...0x66).contains(byte))
            }), let number = Int(String(decoding: digits, as: UTF8.self), radix: radix), number <= most,
            radix == 16 ? digits.count <= 4 : digits.count == 1 || digits.first != 0x30
        else { return nil }
        return number
    }

    private static func isPort(_ word: ArraySlice<UInt8>) -> Bool { number(word, 10, atMost: 65535) != nil }

    private static func ipv4(_ word: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let bytes = parts.compactMap { number($0, 10, atMost: 255).map { UInt8($0) } }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// RFC 4291 section 2.2, without an IPv4 address at the end, which the specification does not have.
    private static func ipv6(_ word: ArraySlice<UInt8>) -> [UInt8]? {
        guard let groups = groups(word) else { return nil }
        return groups.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    private static func groups(_ word: ArraySlice<UInt8>) -> [Int]? {
        let colon = UInt8(ascii: ":")
        func list(_ part: ArraySlice<UInt8>) -> [Int]? {
            if part.isEmpty { return [] }
            let parts = part.split(separator: colon, omittingEmptySubsequences: false)
            let groups = parts.compactMap { number($0, 16, atMost: 0xFFFF) }
            return groups.count == parts.count ? groups : nil
        }
        let places = word.indices.dropLast().filter { word[$0] == colon && word[$0 + 1] == colon }
        guard let gap = places.first else { return list(word).flatMap { $0.count == 8 ? $0 : nil } }
        guard places.count == 1, let before = list(word[..<gap]), let after = list(word[(gap + 2)...]),
            before.count + after.count < 8
        else { return nil }
        return before + Array(repeating: 0, count: 8 - before.count - after.count) + after
    }
}
