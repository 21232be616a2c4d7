/// What is wrong with a configuration, and where.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where the mistake was written.
    public enum Place: Sendable, Equatable, CustomStringConvertible {
        /// A file and a line; nil when no line is to blame.
        case file(String, line: Int?)
        /// An environment variable.
        case variable(String)
        /// A flag on the command line.
        case flag(String)

        /// As compilers write it.
        public var description: String {
            switch self {
            case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
            case .variable(let name): "environment variable \(name)"
            case .flag(let name): name
            }
        }
    }

    /// Where.
    public let place: Place
    /// The key; nil when the place says it all.
    public let key: String?
    /// What is wrong.
    public let problem: String

    /// `crier.toml:12: server.heartbeat: must be …`
    public var description: String {
        ([place.description] + (key.map { [$0] } ?? []) + [problem]).joined(separator: ": ")
    }
}

/// All that is wrong with a configuration, so that it can be mended in one go.
public struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    public let errors: [ConfigurationError]

    /// A line each.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
