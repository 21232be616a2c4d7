/// An address to listen on.
public enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A host, empty for all addresses of this machine, and a port; 0 lets the kernel choose.
    case tcp(host: String, port: UInt16)
    /// The path of a Unix socket, 1 to 107 bytes.
    case unix(path: String)
    /// The name of a socket that systemd passes on.
    case inherited(name: String)

    /// Parses `host:port`, `[v6]:port`, `:port`, `unix:PATH` or `systemd:NAME`.
    public init(_ text: String) throws(InvalidValue) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < 108 else {
                throw InvalidValue("a Unix socket needs a path of 1 to 107 bytes")
            }
            self = .unix(path: path)
        } else if text.hasPrefix("systemd:") {
            guard text.count > 8 else { throw InvalidValue("systemd: needs the name of a socket") }
            self = .inherited(name: String(text.dropFirst(8)))
        } else {
            let wanted = "\"\(text)\" is not host:port, [v6 address]:port, unix:PATH or systemd:NAME"
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                throw InvalidValue(wanted)
            }
            var host = String(text[..<colon])
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
            } else if host.contains(":") {
                throw InvalidValue(wanted)
            }
            self = .tcp(host: host == "*" ? "" : host, port: port)
        }
    }

    /// The address in the syntax of the file.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .inherited(let name): "systemd:\(name)"
        }
    }

    /// Whether only this machine can reach the address, judging by its text; nil for an inherited socket.
    public var isLocal: Bool? {
        switch self {
        case .unix: true
        case .inherited: nil
        case .tcp(let host, _): host == "localhost" || host == "::1" || Self.isLoopbackV4(host)
        }
    }

    /// 127.0.0.0/8, written as four numbers: `127.evil.example` is a name.
    private static func isLoopbackV4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
