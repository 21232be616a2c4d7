import Curl

/// The outcome of an attempt to deliver a message.
enum HookOutcome: Equatable {
    case delivered
    /// It goes out again. `isOutage`: nothing else would arrive either.
    case failed(String, isOutage: Bool)
    /// The receiver does not want it, and would not want it again.
    case refused(String)
    /// The receiver wants nothing any more (410, as Standard Webhooks says).
    case gone

    init(_ reply: HTTPReply) {
        switch reply {
        case .answered(200..<300, _): self = .delivered
        case .answered(410, _): self = .gone
        case .answered(let status, _) where [408, 425].contains(status):
            self = .failed("the answer is \(status)", isOutage: false)
        case .answered(let status, _) where [429, 502, 503, 504].contains(status):
            self = .failed("the answer is \(status)", isOutage: true)
        case .answered(let status, _) where (400..<500).contains(status): self = .refused("the answer is \(status)")
        case .answered(let status, _): self = .failed("the answer is \(status)", isOutage: false)
        case .failed(let problem): self = .failed(problem, isOutage: true)
        }
    }

    /// Why it has not arrived; nil when it has.
    var problem: String? {
        switch self {
        case .delivered: nil
        case .failed(let problem, _), .refused(let problem): problem
        case .gone: "the answer is 410"
        }
    }
}
