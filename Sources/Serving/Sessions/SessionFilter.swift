import Broadcasting
import Kernel

/// Which sessions a request is about.
struct SessionFilter: Sendable, Hashable {
    /// The stage of a stream.
    enum State: String, Sendable, CaseIterable {
        /// At the head of the log.
        case live
        /// Behind it.
        case behind
        /// It gets its last bytes.
        case ending
    }

    /// A channel whose events the session gets, or a pattern that it names.
    var subject: TopicSubject?
    var address: IPAddress?
    /// The name of the caller.
    var name: String?
    /// Events that the session is behind at least.
    var lag: Int?
    var state: State?

    var isEmpty: Bool { self == SessionFilter() }
}
