/// The outcome of a request.
public enum HTTPReply: Sendable, Hashable {
    /// The server answered.
    case answered(status: Int, body: [UInt8])
    /// It did not; a phrase says why.
    case failed(String)

    /// Why it is no success, as a phrase; nil when it is one.
    public var problem: String? {
        switch self {
        case .answered(200..<300, _): nil
        case .answered(let status, _): "the answer is \(status)"
        case .failed(let problem): problem
        }
    }
}
