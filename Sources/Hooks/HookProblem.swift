/// Why a hook cannot be used: a phrase without a full stop.
public struct HookProblem: Error, Sendable, CustomStringConvertible {
    /// The phrase.
    public let description: String
}
