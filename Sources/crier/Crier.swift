import ArgumentParser
import Configuring

/// The program: one binary with a command for each task.
@main
struct Crier: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crier", abstract: "Broadcast Server-Sent Events.",
        discussion: """
            A program POSTs an event to a channel; crier sends it to every browser that has subscribed with EventSource.

              crier serve                              start the daemon on 127.0.0.1:8080
              curl -N localhost:8080/events/news       subscribe
              curl -d hello localhost:8080/events/news publish
            """,
        version: version,
        subcommands: [
            Serve.self, Publish.self, Subscribe.self, Channels.self, Sessions.self, Top.self, Doctor.self, Bench.self,
            Cluster.self, Config.self, Token.self,
        ])

    static let version = "0.1.0"

    /// Runs the command that the arguments name.
    static func main() {
        let names = configuration.subcommands.map { String(describing: $0).lowercased() } + ["help"]
        // The library would only say that there are unexpected arguments.
        if let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"), !names.contains(name) {
            StandardIO.writeError("there is no command \"\(name)\"\(Suggestion.text(for: name, among: names))")
            exit(withError: ExitCode(64))
        }
        main(nil)
    }
}
