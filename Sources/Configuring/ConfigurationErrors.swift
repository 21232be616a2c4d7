/// All errors in a configuration, so that you can correct them together.
public struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// The errors, at least one.
    public let errors: [ConfigurationError]

    /// One line for each error.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
