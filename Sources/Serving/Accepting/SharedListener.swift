import Kernel

/// A listening socket that every loop accepts from.
final class SharedListener: Sendable {
    let listener: Listener
    let roles: Roles

    init(_ listener: consuming Listener, roles: Roles) {
        self.listener = listener
        self.roles = roles
    }
}
