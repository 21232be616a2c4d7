import ArgumentParser
import Benchmarking

/// The subscribers of `crier bench`.
struct BenchSubscribers: ParsableArguments {
    @Option(help: "The number of subscribers that read at once.")
    var subscribers = 1000

    @Option(help: "Additional subscribers that read nothing.")
    var stalled = 0

    @Option(help: "Additional subscribers that read slowly.")
    var slow = 0

    @Option(name: .customLong("slow-rate"), help: "Bytes a second that each slow subscriber reads.")
    var slowRate = 10_000

    @Option(help: "Additional connections a second while measuring; each closes as soon as its stream is open.")
    var connects = 0.0

    @Option(help: "The most connections in progress at a time at the start.")
    var arriving = 512

    @Option(help: "Threads for the subscribers.")
    var threads = 1

    /// All that stay connected.
    var count: Int { subscribers + stalled + slow }

    func validate() throws {
        func check(_ isGood: Bool, _ sentence: String) throws { if !isGood { throw ValidationError(sentence) } }
        try check(
            [subscribers, stalled, slow].allSatisfy((0...1 << 24).contains),
            "There are at most 16777216 subscribers of each kind.")
        try check((1...64).contains(threads), "--threads is 1 to 64.")
        try check(arriving > 0, "--arriving is positive.")
        try check((1...1 << 30).contains(slowRate), "--slow-rate is 1 to 1073741824.")
        try check((0...1e6).contains(connects), "--connects is 0 to 1000000.")
    }

    func add(to workload: inout Workload) {
        workload.subscribers = subscribers
        workload.stalled = stalled
        workload.slow = slow
        workload.slowRate = slowRate
        workload.connects = connects
        workload.arriving = arriving
        workload.threads = threads
    }
}
