/// Why a text is not JSON (RFC 8259).
public struct InvalidJSON: Error, Sendable, Hashable {
    /// The error: a phrase without a full stop.
    public let problem: String
    /// The number of the byte, from 1 on.
    public let place: Int

    /// Whether values are within too many others.
    public let isNesting: Bool

    /// An error at a byte.
    public init(_ problem: String, at place: Int, isNesting: Bool = false) {
        self.problem = problem
        self.place = place
        self.isNesting = isNesting
    }
}
