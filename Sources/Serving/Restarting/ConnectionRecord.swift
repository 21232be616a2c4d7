import Access
import Broadcasting

/// A connection between two processes: all that the next one must know of it, besides its socket.
struct ConnectionRecord: Sendable {
    /// What crier does with the connection.
    enum Stage: Sendable {
        /// The client has sent nothing yet.
        case fresh
        /// Between two requests.
        case idle
        /// crier has sent everything, and waits until the client closes.
        case lingering
        case streaming(SubscriberRecord)
    }

    /// The listening socket; see ``SharedListener/key``.
    let listener: String
    let proxied: Connection.ProxiedClient
    let stage: Stage
}

/// A subscriber between two processes.
struct SubscriberRecord: Sendable {
    /// What follows.
    enum Course: Sendable {
        /// It reads the log from its position on.
        case reading(isSlow: Bool)
        /// It gets the pending output, and its connection ends for this reason after so many milliseconds at the latest.
        case ending(CloseReason, milliseconds: UInt64)
    }

    /// A topic, and how far the subscriber has got in it; see ``TopicCursor``.
    struct Membership: Sendable {
        let topic: TopicID
        let reportedThrough: UInt64
        let reportedEvictions: UInt64
    }

    let session: SessionID
    let form: StreamForm
    let course: Course
    let pending: PendingOutput?
    let position: UInt64
    let memberships: [Membership]
    let grant: Grant?
    let replayed: Int
    let client: ClientDetails
    /// Milliseconds since 1970, by ``Clock/steady``.
    let since: UInt64
    /// See ``Subscribers/push(_:to:limit:)``.
    let pushed: [UInt8]
    /// The last id that was sent to it alone; empty when none was.
    let lastPushedID: [UInt8]
    /// For which limits on subscribers it counts.
    let counted: [SubscriberCounts.Key]
}
