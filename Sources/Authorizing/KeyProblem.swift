/// Why a key cannot be used: a phrase without a full stop.
public struct KeyProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The phrase.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
