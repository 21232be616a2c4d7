public import Kernel

/// The listening sockets of a server, collected one by one.
public struct ListenerSet: ~Copyable {
    private(set) var shared: [SharedListener] = []

    /// An empty set.
    public init() {}

    /// Adds a socket.
    ///
    /// - Parameter roles: the requests that crier accepts from it.
    public mutating func add(_ listener: consuming Listener, roles: Roles) {
        shared.append(SharedListener(listener, roles: roles))
    }
}
