import Configuring
import Serving

extension ListenSettings {
    /// The roles as the router's option set.
    var servingRoles: Roles {
        roles.reduce(into: Roles()) { set, role in
            switch role {
            case .subscribe: set.insert(.subscribe)
            case .publish: set.insert(.publish)
            case .admin: set.insert(.admin)
            }
        }
    }
}
