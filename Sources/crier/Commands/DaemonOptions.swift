import ArgumentParser
import Kernel

/// The URL of the daemon, for commands that connect to one.
struct DaemonOptions: ParsableArguments {
    @Option(
        name: .customLong("url"),
        help: "The daemon: http://host:port or unix:PATH (or CRIER_URL; default http://127.0.0.1:8080).")
    private var named: DaemonURL?

    @Option(help: "A token (or CRIER_TOKEN). Other users can see it in the list of processes.")
    private var token: String?

    @Option(help: "The file with a token; crier reads it anew whenever it connects.")
    private var tokenFile: String?

    /// The daemon to connect to.
    var daemon: RemoteDaemon {
        let variable = Environment["CRIER_TOKEN"].map { ClientToken.text($0) }
        return RemoteDaemon(
            url: named ?? Self.fromEnvironment ?? .standard,
            token: tokenFile.map { .file($0) } ?? token.map { .text($0) } ?? variable)
    }

    func validate() throws {
        if token != nil, tokenFile != nil { throw ValidationError("--token and --token-file exclude each other.") }
        if named == nil, let text = Self.variable, DaemonURL(argument: text) == nil {
            throw ValidationError("CRIER_URL is neither http://host:port nor unix:PATH: \(text)")
        }
    }

    private static var fromEnvironment: DaemonURL? { variable.flatMap(DaemonURL.init(argument:)) }

    private static var variable: String? { Environment.all["CRIER_URL"] }
}
