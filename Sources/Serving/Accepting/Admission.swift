/// Whether crier serves a connection, or accepted it only to refuse it politely.
enum Admission: UInt8, Sendable {
    case served
    /// All connections are in use.
    case full
    /// The address of the client has as many connections as it may have.
    case addressFull

    /// The address of the client connects too fast.
    case tooFast

    /// The answer to a request on a connection that crier does not serve.
    var problem: Problem? {
        switch self {
        case .served: nil
        case .full: Problem(503, "All connections are in use. Try again later.", retryAfter: 10)
        case .tooFast:
            Problem(429, "Your address connects faster than it may (limits.connect-rate).", retryAfter: 10)
        case .addressFull:
            Problem(
                503, "Your address has as many connections as it may have (limits.connections-per-address).",
                retryAfter: 10)
        }
    }
}
