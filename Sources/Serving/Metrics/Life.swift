/// The life of this process, as metrics and the state show it.
public struct Life: Sendable {
    /// The version of the program.
    public let version: String
    /// Seconds since 1970 when it started.
    public let started: Int
    /// How many restarts and crashes the streams have survived until now.
    public internal(set) var restarts = 0

    /// A life that begins.
    public init(version: String, started: Int) {
        (self.version, self.started) = (version, started)
    }
}
