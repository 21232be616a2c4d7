import Bytes

/// Which values of `Host` a listening socket answers.
///
/// A page can make the name of its own server point to 127.0.0.1 (DNS rebinding). To the browser such a page is of the
/// same origin as crier, and only the Host that it sends betrays it.
struct HostRules: Sendable {
    /// Whether every Host will do.
    private let isAny: Bool
    private let isLoopback: Bool
    /// In lower case, without port; `*.` in front stands for one or more further labels.
    private let names: [[UInt8]]

    /// - Parameters:
    ///   - names: further names, without port; `*.example.org` stands for every name below `example.org`.
    ///   - isLoopback: whether the socket is bound to a loopback address. It then answers to `localhost` and to every
    ///     loopback address, and otherwise, without names, to every Host.
    init(_ names: [String], isLoopback: Bool) {
        self.names = names.map { Array($0.lowercased().utf8) }
        self.isLoopback = isLoopback
        isAny = names.isEmpty && !isLoopback
    }

    /// Whether the socket answers to the value of a Host field.
    func allows(_ host: ArraySlice<UInt8>) -> Bool {
        if isAny { return true }
        let name = Self.withoutPort(host)
        if isLoopback, name.equalsIgnoringCase("localhost") || Self.isLoopbackAddress(name) { return true }
        let lowercased = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return names.contains { Self.matches($0, lowercased) }
    }

    private static func withoutPort(_ host: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        // An IPv6 address has colons, and square brackets around it.
        let end = host.first == UInt8(ascii: "[") ? host.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : nil
        return end.map { host[..<$0] } ?? host.cut(at: UInt8(ascii: ":"))?.before ?? host
    }

    /// Whether it is an address of 127.0.0.0/8 or `[::1]`: a name that points there cannot look like one of them.
    private static func isLoopbackAddress(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.starts(with: "127.") else { return name.equals("[::1]") }
        var (dots, digits) = (0, 0)
        for byte in name {
            switch byte {
            case UInt8(ascii: "."):
                guard digits > 0 else { return false }
                (dots, digits) = (dots + 1, 0)
            case 0x30...0x39: digits += 1
            default: return false
            }
            if digits > 3 { return false }
        }
        return dots == 3 && digits > 0
    }

    private static func matches(_ rule: [UInt8], _ name: [UInt8]) -> Bool {
        guard rule.starts(with: "*.".utf8) else { return rule == name }
        let suffix = rule.dropFirst()
        return name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
    }
}
