/// Why a value is invalid: a sentence without a full stop, to follow the name of the key and a colon.
public struct InvalidValue: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
