import Kernel

/// A listening socket that every loop accepts from.
final class SharedListener: Sendable {
    let listener: Listener
    let roles: Roles
    let hosts: HostRules
    let origins: OriginRules
    let isTCP: Bool

    init(_ listener: consuming Listener, roles: Roles, hosts: [String], origins: OriginRules) {
        isTCP = listener.address.port != nil
        self.hosts = HostRules(hosts, isLoopback: isTCP && listener.address.isLocal)
        self.listener = listener
        self.roles = roles
        self.origins = origins
    }
}
