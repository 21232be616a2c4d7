public import Kernel

/// The listening sockets of a server, collected one by one.
public struct ListenerSet: Sendable {
    private(set) var shared: [SharedListener] = []

    /// The most sockets of a server: a connection stores the number of its socket in one byte.
    public static let limit = 256

    /// An empty set.
    public init() {}

    /// Adds a socket.
    ///
    /// - Parameters:
    ///   - key: how the configuration names the socket, so that the process after this one recognises it.
    ///   - roles: the requests that crier accepts from it.
    ///   - hosts: names that Host may have; `*.example.org` stands for every name below `example.org`. On a loopback
    ///     address `localhost` and loopback addresses are fine besides; elsewhere no name means that any is fine.
    ///   - origins: whose pages may use the socket, as in `https://app.example`; `https://*.example.org` stands for every
    ///     origin below `example.org`, and `*` lets pages of every origin read.
    ///   - usesProxyProtocol: whether every connection begins with a header of the PROXY protocol.
    ///   - allowsPrivateNetwork: whether a public page may reach the socket at a private address.
    public mutating func add(
        _ listener: consuming Listener, key: String = "", roles: Roles, hosts: [String] = [], origins: [String] = [],
        allowsPrivateNetwork: Bool = false, usesProxyProtocol: Bool = false
    ) {
        shared.append(
            SharedListener(
                listener, key: key, roles: roles, hosts: hosts,
                origins: OriginRules(origins, allowsPrivateNetwork: allowsPrivateNetwork),
                usesProxyProtocol: usesProxyProtocol))
    }
}
