import ArgumentParser
import Kernel

/// The URL of the daemon, for commands that connect to one.
struct DaemonOptions: ParsableArguments {
    @Option(
        name: .customLong("url"),
        help: "The daemon: http://host:port or unix:PATH (or CRIER_URL; default http://127.0.0.1:8080).")
    private var named: DaemonURL?

    /// The daemon to connect to.
    var url: DaemonURL { named ?? Self.fromEnvironment ?? .standard }

    func validate() throws {
        if named == nil, let text = Self.variable, DaemonURL(argument: text) == nil {
            throw ValidationError("CRIER_URL is neither http://host:port nor unix:PATH: \(text)")
        }
    }

    private static var fromEnvironment: DaemonURL? { variable.flatMap(DaemonURL.init(argument:)) }

    private static var variable: String? { Environment.all["CRIER_URL"] }
}
