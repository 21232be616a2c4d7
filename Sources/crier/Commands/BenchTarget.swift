import ArgumentParser
import Benchmarking

/// The server that `crier bench` measures.
struct BenchTarget: ParsableArguments {
    @Option(help: "The daemon: subscribers and publishers use /events/{channel} there.")
    var url = "http://127.0.0.1:8080"

    @Option(name: .customLong("subscribe-url"), help: "The URL to subscribe at.")
    var subscribeURL: String?

    @Option(name: .customLong("publish-url"), help: "The URL to publish at.")
    var publishURL: String?

    @Option(
        name: .customLong("header"), help: ArgumentHelp("A header field for every request.", valueName: "Name: value"))
    var fields: [String] = []

    func validate() throws {
        guard fields.allSatisfy({ $0.contains(":") && !$0.contains(where: \.isNewline) }) else {
            throw ValidationError("A --header is Name: value.")
        }
    }

    /// A workload for this server.
    func workload() throws -> Workload {
        var base = url
        while base.hasSuffix("/") { base.removeLast() }
        let both = "\(base)/events/{channel}"
        var workload = try Workload(
            subscribe: Endpoint(subscribeURL ?? both), publish: Endpoint(publishURL ?? both))
        workload.fields = fields
        return workload
    }
}
