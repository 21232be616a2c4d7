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

    @Option(help: "The daemon: subscribers and publishers use /events/{channel} there.")
    var url = "http://127.0.0.1:8080"

    @Option(name: .customLong("subscribe-url"), help: "The URL to subscribe at.")
    var subscribeURL: String?

    @Option(name: .customLong("publish-url"), help: "The URL to publish at.")
    var publishURL: String?

    @Option(
        name: .customLong("header"), help: ArgumentHelp("A header field for every request.", valueName: "Name: value"))
    var fields: [String] = []

    @Option(help: "The number of subscribers that read at once.")
    var subscribers = 1000

    @Option(help: "The number of channels.")
    var channels = 1

    @Option(name: .customLong("channel-prefix"), help: "The prefix of the channel names.")
    var channelPrefix = "bench-"

    @Option(help: "The number of publishers.")
    var publishers = 1

    @Option(help: "Events a second from all publishers together; without it each publisher waits for each answer.")
    var rate: Double?

    @Flag(help: "Publish the next event when every subscriber has received the last one.")
    var lockstep = false

    @Flag(help: "Publish in one endless request for each publisher.")
    var streaming = false

    @Option(help: "Bytes of data per event.")
    var size = 100

    @Option(help: "The body of a request, or with --streaming the part of it for one event. \\n is a line feed.")
    var body: String?

    @Option(name: .customLong("content-type"), help: "The media type of the body.")
    var contentType: String?

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

    @Option(name: .customLong("warm-up"), help: "Seconds before measuring begins.")
    var warmUp = 1.0

    @Option(help: "Seconds to measure.")
    var duration = 5.0

    @Option(help: "Threads for the subscribers.")
    var threads = 1

    @Option(help: "The process of the server, to report its processor time and memory, including its children.")
    var pid: Int32?

    @Flag(help: "Print the report as a JSON object.")
    var json = false

    func validate() throws {
        func check(_ isGood: Bool, _ sentence: String) throws { if !isGood { throw ValidationError(sentence) } }
        try check(
            [subscribers, stalled, slow].allSatisfy((0...1 << 24).contains)
                && subscribers + stalled + slow + publishers > 0,
            "There must be a subscriber or a publisher, and at most 16777216 subscribers of each kind.")
        try check((1...100_000).contains(channels), "--channels is 1 to 100000.")
        try check((0...65_535).contains(publishers), "--publishers is 0 to 65535.")
        try check(
            (Stamp.minimum...1 << 28).contains(size), "--size is at least \(Stamp.minimum): a payload carries a stamp.")
        try check((1...64).contains(threads), "--threads is 1 to 64.")
        try check(arriving > 0, "--arriving is positive.")
        try check((1...1 << 30).contains(slowRate), "--slow-rate is 1 to 1073741824.")
        try check((0...1e6).contains(connects), "--connects is 0 to 1000000.")
        try check(
            (0...3600).contains(warmUp) && (0.1...86_400).contains(duration),
            "--warm-up is 0 to 3600 s, --duration 0.1 to 86400 s.")
        try check(rate.map((0.001...1e9).contains) ?? true, "--rate is 0.001 to 1000000000.")
        try check(
            [rate != nil, lockstep, streaming].count { $0 } <= 1, "Choose one of --rate, --lockstep, --streaming.")
        try check(!lockstep || publishers == 1, "--lockstep is for one publisher.")
        try check((body ?? "{payload}").contains("{payload}"), "--body must contain {payload}.")
        try check(
            !streaming || channels == 1 || (body ?? "").contains("{channel}"),
            "--streaming over several channels needs a --body that names its {channel}.")
        try check(
            fields.allSatisfy { $0.contains(":") && !$0.contains(where: \.isNewline) }, "A --header is Name: value.")
        try check(!(contentType ?? "").contains(where: \.isNewline), "--content-type is one line.")
    }

    func run() throws {
        Signals.ignoreBrokenPipe()
        let (limit, needed) = (ProcessLimits.raiseDescriptorLimit(), subscribers + stalled + slow + publishers + 64)
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
        var base = url
        while base.hasSuffix("/") { base.removeLast() }
        let both = "\(base)/events/{channel}"
        var workload = try Workload(
            subscribe: Endpoint(subscribeURL ?? both), publish: Endpoint(publishURL ?? both))
        workload.fields = fields
        workload.contentType = contentType ?? (streaming ? "application/x-ndjson" : "text/plain")
        workload.body =
            body.map { $0.replacing("\\n", with: "\n") }
            ?? (streaming ? "{\"data\":\"{payload}\"}\n" : "{payload}")
        workload.channelPrefix = channelPrefix
        workload.subscribers = subscribers
        workload.channels = channels
        workload.publishers = publishers
        workload.pace = streaming ? .streaming : lockstep ? .lockstep : rate.map { .rate($0) } ?? .closedLoop
        workload.size = size
        workload.stalled = stalled
        workload.slow = slow
        workload.slowRate = slowRate
        workload.connects = connects
        workload.arriving = arriving
        workload.warmUp = UInt64(warmUp * 1000)
        workload.duration = UInt64(duration * 1000)
        workload.threads = threads
        workload.process = pid
        return workload
    }
}
