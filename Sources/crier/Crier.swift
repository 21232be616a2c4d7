import ArgumentParser

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
        version: version, subcommands: [Serve.self, Publish.self, Subscribe.self, Bench.self, Config.self])

    static let version = "0.1.0"
}
