import Kernel

/// A listening socket that every loop accepts from.
final class SharedListener: Sendable {
    let listener: Listener
    let roles: Roles
    let hosts: HostRules

    init(_ listener: consuming Listener, roles: Roles, hosts: [String]) {
        self.hosts = HostRules(hosts, isLoopback: listener.address.isLocal && listener.address.port != nil)
        self.listener = listener
        self.roles = roles
    }
}
