import Broadcasting
import Hooks
import Logging

/// The objects that all loops share, and the index of one loop.
struct LoopContext: Sendable {
    /// The index of the loop that has this context.
    let index: Int
    let hub: Hub
    let ports: [LoopPort]
    let listeners: [SharedListener]
    let throttle: PublisherThrottle
    let connectionCount: ConnectionCount
    let addressCounts: AddressCounts
    let limiter: RateLimiter
    let subscriberCounts: SubscriberCounts
    let bodies: BodyMemory
    let incompleteRequests: IncompleteRequests
    /// What survives if the process is killed; nil when nothing does.
    let recovery: Recovery?
    let life: Life
    let readiness: ReadinessChecks
    let endedSessions: EndedSessions
    let logChannel: LogChannel
    let hooks: Hooks
    /// What the cluster says of this node; nil when the daemon is alone.
    let cluster: ClusterReport?
    let nodeQuestions: NodeQuestions
    let log: Logger

    var port: LoopPort { ports[index] }
    var status: LoopStatus { ports[index].status }
}
