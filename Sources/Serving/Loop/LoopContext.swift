import Broadcasting
import Logging

/// What a loop shares with the other loops.
struct LoopContext: Sendable {
    /// Which of the loops this is.
    let index: Int
    let hub: Hub
    let ports: [LoopPort]
    let listeners: [SharedListener]
    let throttle: PublisherThrottle
    let connectionCount: ConnectionCount
    let log: Logger

    var port: LoopPort { ports[index] }
    var status: LoopStatus { ports[index].status }
}
