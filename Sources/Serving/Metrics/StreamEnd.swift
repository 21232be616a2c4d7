/// Why a stream ended, as metrics name it.
enum StreamEnd: Int, CaseIterable, Sendable {
    case client, slow, limit, expired, ended, shutdown, error

    private static let labels = allCases.map { "\($0)" }

    /// The word.
    var label: String { Self.labels[rawValue] }

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
