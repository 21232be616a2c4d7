import Kernel

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
    /// Origins whose pages may use the socket, as browsers send them; `*` lets pages of every origin read.
    public var origins: [String]
    /// Whether a public page may reach the socket at a private address.
    public var allowsPrivateNetwork: Bool
    /// Whether every connection begins with a header of the PROXY protocol.
    public var usesProxyProtocol = false
    /// Permission bits of a Unix socket, 0 to 0o777.
    public var mode: UInt32
    /// Owner of a Unix socket; nil leaves it unchanged.
    public var owner: Owner?

    /// A socket, by default for all roles and not open.
    public init(
        address: ListenAddress, roles: Set<Role> = Set(Role.allCases), isOpen: Bool = false, hosts: [String] = [],
        origins: [String] = [], allowsPrivateNetwork: Bool = false, mode: UInt32 = 0o660, owner: Owner? = nil
    ) {
        self.address = address
        self.roles = roles
        self.isOpen = isOpen
        self.hosts = hosts
        self.origins = origins
        self.allowsPrivateNetwork = allowsPrivateNetwork
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
            Set up a token for those who may; `crier token hash` makes one and prints the hash:
            [[access.token]]
            name = "publisher"
            sha256 = "…"
            publish = ["**"]
            Or give it roles = ["subscribe"] (--listen \(address)=subscribe) and publish on loopback or a Unix socket. \
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
            let isAddress = isIPv6(name[...])
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

    /// Checks origins: a scheme, a host and perhaps a port, as browsers send them, or `*`.
    static func origins(_ origins: [String]) throws(InvalidValue) -> [String] {
        for origin in origins where origin != "*" {
            let fault = fault(of: origin)
            guard fault == nil else {
                throw InvalidValue("\"\(origin)\" is not an origin such as \"https://app.example\": \(fault ?? "")")
            }
        }
        return origins
    }

    /// Why no browser would send this as the origin of a page; nil when it could.
    private static func fault(of origin: String) -> String? {
        if origin == "null" { return "every sandboxed page has it" }
        guard let end = origin.firstRange(of: "://") else { return "it begins with a scheme such as https://" }
        let (scheme, rest) = (origin[..<end.lowerBound], origin[end.upperBound...])
        let isScheme =
            scheme.first?.isLowercase == true
            && scheme.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D
            }
        guard isScheme else { return "the scheme is in lower case" }
        guard !rest.contains("/") else { return "it ends with the host or the port, without /" }
        var host = rest.hasPrefix("*.") ? rest.dropFirst(2) : rest
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            let port = host[host.index(after: colon)...]
            guard let number = UInt16(port), "\(number)" == port else { return "the port is a number from 0 to 65535" }
            if (scheme == "https" && number == 443) || (scheme == "http" && number == 80) {
                return "browsers leave out the standard port"
            }
            host = host[..<colon]
        }
        let isHost =
            !host.isEmpty
            && (isIPv6(host)
                || host.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                    default: false
                    }
                })
        return isHost ? nil : "the host is in lower case, with no asterisk except as its first label"
    }

    /// Whether it is an IPv6 address in square brackets.
    private static func isIPv6(_ host: Substring) -> Bool {
        guard host.hasPrefix("["), host.hasSuffix("]") else { return false }
        return IPAddress(String(host.dropFirst().dropLast())).map { !$0.isIPv4 } ?? false
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
