/// A socket to listen on.
public struct ListenSettings: Sendable, Equatable {
    /// A kind of request that a socket accepts.
    public enum Role: String, Sendable, CaseIterable {
        case subscribe, publish, admin
    }

    /// The user and group of a Unix socket, as names or numbers.
    public struct Owner: Sendable, Equatable {
        /// The user.
        public let user: String
        /// The group; nil leaves it unchanged.
        public let group: String?
    }

    /// The address to listen on.
    public var address: ListenAddress
    /// The kinds of request that it accepts.
    public var roles: Set<Role>
    /// Whether other machines may publish and administer.
    public var isOpen: Bool
    /// Names that the Host field of a request may have, besides the loopback names on a loopback address.
    public var hosts: [String]
    /// Permission bits of a Unix socket, 0 to 0o777.
    public var mode: UInt32
    /// Owner of a Unix socket; nil leaves it unchanged.
    public var owner: Owner?

    /// A socket, by default for all roles and not open.
    public init(
        address: ListenAddress, roles: Set<Role> = Set(Role.allCases), isOpen: Bool = false, hosts: [String] = [],
        mode: UInt32 = 0o660, owner: Owner? = nil
    ) {
        self.address = address
        self.roles = roles
        self.isOpen = isOpen
        self.hosts = hosts
        self.mode = mode
        self.owner = owner
    }

    /// The default: loopback, for all roles.
    public static let standard = ListenSettings(address: .tcp(host: "127.0.0.1", port: 8080))

    /// Why it is unsafe to listen with these settings; nil when it is safe.
    ///
    /// - Parameter isLocal: whether only this machine can reach the address.
    public func exposure(isLocal: Bool) -> String? {
        let powers = roles.subtracting([.subscribe])
        guard !isLocal, !isOpen, !powers.isEmpty else { return nil }
        let verbs = [(Role.publish, "publish"), (.admin, "administer")].filter { powers.contains($0.0) }.map(\.1)
        return """
            \(address) can be reached from other machines and would let anyone \(verbs.joined(separator: " and ")). \
            Give it roles = ["subscribe"] (--listen \(address)=subscribe) and publish on loopback or a Unix socket. \
            If a proxy or a firewall protects it, set open = true (--listen \(address)=\(rolesText),open).
            """
    }

    private var rolesText: String {
        Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ",")
    }

    /// Parses `ADDRESS[=role,role]`, the form of the flag and the environment; `open` among the roles means
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

    /// Checks names of hosts: labels between dots, without port; the first label may be an asterisk.
    static func hosts(_ names: [String]) throws(InvalidValue) -> [String] {
        for name in names {
            let rest = name.hasPrefix("*.") ? name.dropFirst(2) : name[...]
            let isAddress = name.hasPrefix("[") && name.hasSuffix("]")
            let isName =
                !rest.isEmpty
                && rest.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                    default: false
                    }
                }
            guard isName || isAddress else {
                throw InvalidValue(
                    "\"\(name)\" is not a host such as \"events.example\" or \"*.example\", without port")
            }
        }
        return names
    }

    /// Parses the names of roles, at least one.
    static func roles(_ names: [String]) throws(InvalidValue) -> Set<Role> {
        var roles: Set<Role> = []
        for name in names {
            guard let role = Role(rawValue: name) else {
                throw InvalidValue("\"\(name)\" is not a role; allowed: subscribe, publish, admin")
            }
            roles.insert(role)
        }
        guard !roles.isEmpty else { throw InvalidValue("a listener needs at least one role") }
        return roles
    }
}
