/// Why a stream ended, as metrics name it.
enum StreamEnd: Int, CaseIterable, Sendable {
    case client, slow, limit, expired, ended, shutdown, error

    init(_ reason: CloseReason) {
        self =
            switch reason {
            case .client, .answered, .idle: .client
            case .slow, .timeout: .slow
            case .replayed: .limit
            case .expired: .expired
            case .ended: .ended
            case .shutdown: .shutdown
            case .error, .refused: .error
            }
    }
}
