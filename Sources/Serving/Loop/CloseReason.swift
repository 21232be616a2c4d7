/// The reason for which a connection ended.
public enum CloseReason: Int, CaseIterable, Sendable {
    /// The client disconnected.
    case client
    /// crier sent its last answer, also a refusal such as 408 or 503.
    case answered
    /// The client sent no request in time.
    case idle
    /// The client did not read its answers in time.
    case timeout
    /// The subscriber was too far behind, or too slow to take its last bytes.
    case slow
    /// The grant of the subscriber has ended.
    case expired
    /// All channels of the subscriber have ended.
    case ended
    /// crier did not serve the connection: epoll could not watch it, or its PROXY header was missing or wrong.
    case refused
    /// The daemon is stopping.
    case shutdown
    /// crier could not read the history.
    case error
    /// The subscriber got as much replay as one connection gets.
    case replayed
}
