import Access
import Authorizing
import Broadcasting
import Configuring
import HTTPMessages
import Kernel
import Serving

extension Settings {
    /// Descriptors reserved for files, pollers, listening sockets and connections that crier refuses.
    private static var descriptorReserve: Int { 128 }

    /// Descriptors of two messages with sockets, which ``Serving/RecoverySockets`` has open while it packs them.
    private static var recoveryReserve: Int { 2 * DescriptorQueue.limit }

    /// How many connections a limit on descriptors leaves room for.
    func connectionRoom(descriptors: Int) -> Int {
        max(1, descriptors - Self.descriptorReserve - (surviveCrash ? Self.recoveryReserve : 0))
    }

    /// The settings for the event loops.
    ///
    /// - Parameters:
    ///   - descriptors: the limit on descriptors of this process.
    ///   - access: who may do what; nil when nobody needs a credential.
    func serving(descriptors: Int, access: AccessPolicy?) -> ServingSettings {
        var serving = ServingSettings()
        serving.access = access
        serving.configuration = Array(withoutSecrets.toml.utf8)
        serving.busyPoll = 1000 * busyPoll
        serving.heartbeat = heartbeat
        serving.retry = retry
        serving.shutdown = shutdown
        serving.drain = drain
        serving.headTimeout = headTimeout
        serving.bodyTimeout = bodyTimeout
        serving.idleTimeout = idleTimeout
        serving.messages = MessageLimits(head: head, target: target, fields: fields, body: body)
        serving.names = NameLimits(channels: channelsPerSubscriber, segments: segments)
        serving.bodies = bodies
        serving.pushes = pushes
        serving.incompleteRequests = incompleteRequests
        serving.headRate = headRate
        serving.bodyRate = bodyRate
        serving.replay = replay
        serving.fanoutBacklog = fanoutBacklog
        let room = connectionRoom(descriptors: descriptors)
        serving.connections = connections == 0 ? room : min(connections, room)
        serving.connectionsPerAddress = connectionsPerAddress
        serving.subscribersPerToken = subscribersPerToken
        serving.subscribersPerAddress = subscribersPerAddress
        serving.publishRate = publishRate
        serving.publishBurst = publishBurst == 0 ? max(1, publishRate.count) : publishBurst
        serving.connectRate = connectRate
        serving.trustedProxies = trustedProxies.compactMap { AddressRange($0) }
        serving.trustsUnixPeers = trustedProxies.contains("unix")
        serving.forwardedField = forwardedField
        return serving
    }

    /// What the verification of tokens may use.
    var verification: VerificationLimits {
        var limits = VerificationLimits()
        limits.waiting = verifications
        limits.cachedBytes = tokenCache
        return limits
    }
}
