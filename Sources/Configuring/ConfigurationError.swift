/// An error in the configuration, and its place.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The place of an error.
    public enum Place: Sendable, Equatable, CustomStringConvertible {
        /// A file and a line, from 1 on; nil when the error has no line.
        case file(String, line: Int?)
        /// An environment variable.
        case variable(String)
        /// A flag on the command line.
        case flag(String)

        /// The place in the form that compilers use: `crier.toml:12`.
        public var description: String {
            switch self {
            case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
            case .variable(let name): "environment variable \(name)"
            case .flag(let name): name
            }
        }
    }

    /// The place of the error.
    public let place: Place
    /// The key; nil when the error concerns no key.
    public let key: String?
    /// The problem: a phrase without a full stop.
    public let problem: String

    /// `crier.toml:12: server.heartbeat: must be …`
    public var description: String {
        ([place.description] + (key.map { [$0] } ?? []) + [problem]).joined(separator: ": ")
    }
}
