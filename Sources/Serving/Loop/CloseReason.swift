/// Why a connection ended.
public enum CloseReason: Int, CaseIterable, Sendable {
    /// The client closed it or vanished.
    case client
    /// The answer was the last on this connection.
    case answered
    /// No request came in time.
    case idle
    /// A request was too slow.
    case timeout
    /// A subscriber was too far behind.
    case slow
    /// The channel ended.
    case ended
    /// All connections were in use.
    case refused
    /// The daemon is stopping.
    case shutdown
}
