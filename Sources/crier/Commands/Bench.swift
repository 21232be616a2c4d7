import ArgumentParser
import Benchmarking
import Kernel

/// `crier bench`
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure an event stream server.",
        discussion: """
            Connects subscribers, publishes, and checks that every subscriber receives every event once and in order. \
            Works with any server that accepts events by POST and sends them as text/event-stream. {channel} in URLs and \
            bodies is replaced by the channel; {payload} in bodies is replaced by the bytes that the subscribers look for.

              crier bench --subscribers 5000 --pid $(pgrep -ox crier)
              crier bench --subscribe-url http://localhost:8081/sub/{channel} \
            --publish-url http://localhost:8081/pub/{channel}

            Exit codes: 0 every event arrived once and in order; 1 an event was lost, repeated or damaged, or a request \
            failed; 2 the benchmark could not run; 64 wrong usage.
            """)

    @OptionGroup(title: "Server") var target: BenchTarget
    @OptionGroup(title: "Publishers") var publishing: BenchPublishers
    @OptionGroup(title: "Subscribers") var subscribing: BenchSubscribers

    @Option(name: .customLong("warm-up"), help: "Seconds before measuring begins.")
    var warmUp = 1.0

    @Option(help: "Seconds to measure.")
    var duration = 5.0

    @Option(help: "The process of the server, to report its processor time and memory, including its children.")
    var pid: Int32?

    @Flag(help: "Print the report as a JSON object.")
    var json = false

    private var clients: Int { subscribing.count + publishing.publishers }

    func validate() throws {
        func check(_ isGood: Bool, _ sentence: String) throws { if !isGood { throw ValidationError(sentence) } }
        try check(clients > 0, "There must be a subscriber or a publisher.")
        try check(
            (0...3600).contains(warmUp) && (0.1...86_400).contains(duration),
            "--warm-up is 0 to 3600 s, --duration 0.1 to 86400 s.")
    }

    func run() throws {
        Signals.ignoreBrokenPipe()
        let (limit, needed) = (ProcessLimits.raiseDescriptorLimit(), clients + 64)
        guard needed <= limit else {
            StandardIO.writeError(
                "this needs \(needed) file descriptors, and this process may have \(limit): raise the hard limit (ulimit -Hn)"
            )
            throw ExitCode(2)
        }
        do {
            let report = try Benchmark(workload()).run { StandardIO.writeError($0) }
            if report.isServerIdle, let pid {
                StandardIO.writeError("process \(pid) used no processor time: is it the server that was measured?")
            }
            StandardIO.write(json ? report.json : report.table)
            if !report.isFlawless { throw ExitCode(1) }
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardIO.writeError("\(error)")
            throw ExitCode(2)
        }
    }

    private func workload() throws -> Workload {
        var workload = try target.workload()
        publishing.add(to: &workload)
        subscribing.add(to: &workload)
        workload.warmUp = UInt64(warmUp * 1000)
        workload.duration = UInt64(duration * 1000)
        workload.process = pid
        return workload
    }
}
