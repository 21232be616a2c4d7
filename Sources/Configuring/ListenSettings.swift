/// A socket to listen on.
public struct ListenSettings: Sendable, Equatable {
    /// What a socket may be asked for.
    public enum Role: String, Sendable, CaseIterable {
        case subscribe, publish, admin
    }

    /// The user and group of a Unix socket, as names or numbers.
    public struct Owner: Sendable, Equatable {
        /// `user` or `user:group`.
        public let user: String
        /// Nil leaves it.
        public let group: String?
    }

    /// Where.
    public var address: ListenAddress
    /// What it may be asked for.
    public var roles: Set<Role>
    /// Whether others than this machine may publish and administer.
    public var isOpen: Bool
    /// Permission bits of a Unix socket.
    public var mode: UInt32
    /// Owner of a Unix socket; nil leaves it.
    public var owner: Owner?

    /// A socket.
    public init(
        address: ListenAddress, roles: Set<Role> = Set(Role.allCases), isOpen: Bool = false, mode: UInt32 = 0o660,
        owner: Owner? = nil
    ) {
        self.address = address
        self.roles = roles
        self.isOpen = isOpen
        self.mode = mode
        self.owner = owner
    }

    /// Where the daemon listens when nobody says otherwise: loopback, for everything.
    public static let standard = ListenSettings(address: .tcp(host: "127.0.0.1", port: 8080))

    /// Why it would be unsafe to listen like this; nil when it is not.
    ///
    /// - Parameter isLocal: whether only this machine can reach the address.
    public func exposure(isLocal: Bool) -> String? {
        let powers = roles.subtracting([.subscribe])
        guard !isLocal, !isOpen, !powers.isEmpty else { return nil }
        let verbs = [(Role.publish, "publish"), (.admin, "administer")].filter { powers.contains($0.0) }.map(\.1)
        return """
            \(address) can be reached from other machines and would let anyone \(verbs.joined(separator: " and ")). \
            Give it roles = ["subscribe"] (--listen \(address)=subscribe) and publish on loopback or a Unix socket; \
            or, when something in front of it guards it, say open = true (--listen \(address)=\(rolesText),open).
            """
    }

    private var rolesText: String {
        Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ",")
    }

    /// Reads `ADDRESS[=role,role]`, as the flag and the environment have it; `open` among the roles stands for
    /// `open = true`.
    public init(specification: String) throws(InvalidValue) {
        let parts = specification.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(address: try ListenAddress(String(parts[0])))
        guard parts.count == 2 else { return }
        var names = parts[1].split(separator: ",").map(String.init)
        isOpen = names.contains("open")
        names.removeAll { $0 == "open" }
        roles = try Self.roles(names)
    }

    /// Reads the names of roles.
    static func roles(_ names: [String]) throws(InvalidValue) -> Set<Role> {
        var roles: Set<Role> = []
        for name in names {
            guard let role = Role(rawValue: name) else {
                throw InvalidValue("\"\(name)\" is not a role; subscribe, publish and admin are")
            }
            roles.insert(role)
        }
        guard !roles.isEmpty else { throw InvalidValue("a listener needs at least one role") }
        return roles
    }
}

/// Where to listen.
public enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A host, empty for every address of this machine, and a port, 0 for any.
    case tcp(host: String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)
    /// The name of a socket that systemd hands over.
    case inherited(name: String)

    /// Reads `host:port`, `[v6]:port`, `:port`, `unix:PATH` or `systemd:NAME`.
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

    /// As it is written in the file.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .inherited(let name): "systemd:\(name)"
        }
    }

    /// Whether only this machine can reach it, as far as the text tells; nil for an inherited socket.
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
