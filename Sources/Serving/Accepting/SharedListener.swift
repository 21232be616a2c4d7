import Kernel

/// A listening socket that every loop accepts from.
final class SharedListener: Sendable {
    let listener: Listener
    /// How the configuration names it.
    let key: String
    let roles: Roles
    let hosts: HostRules
    let origins: OriginRules
    let isTCP: Bool
    /// Whether every connection begins with a header of the PROXY protocol.
    let usesProxyProtocol: Bool

    init(
        _ listener: consuming Listener, key: String, roles: Roles, hosts: [String], origins: OriginRules,
        usesProxyProtocol: Bool
    ) {
        isTCP = listener.address.port != nil
        self.hosts = HostRules(hosts, isLoopback: isTCP && listener.address.isLocal)
        self.key = key
        self.listener = listener
        self.roles = roles
        self.usesProxyProtocol = usesProxyProtocol
        self.origins = origins
    }
}
