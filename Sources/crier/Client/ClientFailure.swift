import HTTPMessages

/// Why a request to a daemon failed.
enum ClientFailure: Error, CustomStringConvertible {
    /// A stream has ended, for a reason that is a sentence.
    case lost(String)
    /// It is not possible to connect.
    case unreachable(String)
    /// The token cannot be read.
    case noToken(String)
    /// The connection closed before the answer was complete.
    case connectionLost
    /// The answer is not HTTP.
    case notUnderstood(Refusal)

    var description: String {
        switch self {
        case .unreachable(let reason): "the daemon cannot be reached: \(reason)"
        case .lost(let reason): reason
        case .noToken(let reason): "there is no token to send: \(reason)"
        case .connectionLost:
            "the connection was lost before the answer; the daemon may or may not have processed the request"
        case .notUnderstood(let refusal): "the answer is not valid HTTP: \(refusal)"
        }
    }
}
