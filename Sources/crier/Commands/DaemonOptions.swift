import ArgumentParser
import Glibc

/// Where the daemon is, for the commands that talk to one.
struct DaemonOptions: ParsableArguments {
    @Option(
        name: .customLong("url"),
        help: "The daemon: http://host:port or unix:PATH (or CRIER_URL; http://127.0.0.1:8080 otherwise).")
    private var named: DaemonURL?

    /// The daemon to talk to.
    var url: DaemonURL { named ?? Self.fromEnvironment ?? .standard }

    func validate() throws {
        if named == nil, let text = Self.variable, DaemonURL(argument: text) == nil {
            throw ValidationError("CRIER_URL is neither http://host:port nor unix:PATH: \(text)")
        }
    }

    private static var fromEnvironment: DaemonURL? { variable.flatMap(DaemonURL.init(argument:)) }

    private static var variable: String? { unsafe getenv("CRIER_URL").map { unsafe String(cString: $0) } }
}
