import Configuring
import HTTPMessages
import Serving

extension Settings {
    /// Descriptors that are kept for what is not a connection: files, pollers, listening sockets, refusals.
    private static var descriptorReserve: Int { 128 }

    /// What the loops need to know.
    ///
    /// - Parameter descriptors: how many this process may have.
    func serving(descriptors: Int) -> ServingSettings {
        var serving = ServingSettings()
        serving.heartbeat = heartbeat
        serving.retry = retry
        serving.shutdown = shutdown
        serving.headTimeout = headTimeout
        serving.bodyTimeout = bodyTimeout
        serving.idleTimeout = idleTimeout
        serving.messages = MessageLimits(head: head, target: target, fields: fields, body: body)
        serving.channelsPerRequest = channelsPerSubscriber
        serving.fanoutBacklog = fanoutBacklog
        let room = max(1, descriptors - Self.descriptorReserve)
        serving.connections = connections == 0 ? room : min(connections, room)
        return serving
    }
}

extension ListenSettings {
    /// The roles, as the router knows them.
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
