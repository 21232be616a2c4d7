import ArgumentParser
import Benchmarking

/// The publishers of `crier bench`: their channels, their events and their pace.
struct BenchPublishers: ParsableArguments {
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

    func validate() throws {
        func check(_ isGood: Bool, _ sentence: String) throws { if !isGood { throw ValidationError(sentence) } }
        try check((1...100_000).contains(channels), "--channels is 1 to 100000.")
        try check((0...65_535).contains(publishers), "--publishers is 0 to 65535.")
        try check(
            (Stamp.minimum...1 << 28).contains(size), "--size is at least \(Stamp.minimum): a payload carries a stamp.")
        try check(rate.map((0.001...1e9).contains) ?? true, "--rate is 0.001 to 1000000000.")
        try check(
            [rate != nil, lockstep, streaming].count { $0 } <= 1, "Choose one of --rate, --lockstep, --streaming.")
        try check(!lockstep || publishers == 1, "--lockstep is for one publisher.")
        try check((body ?? "{payload}").contains("{payload}"), "--body must contain {payload}.")
        try check(
            !streaming || channels == 1 || (body ?? "").contains("{channel}"),
            "--streaming over several channels needs a --body that names its {channel}.")
        try check(!(contentType ?? "").contains(where: \.isNewline), "--content-type is one line.")
    }

    func add(to workload: inout Workload) {
        workload.contentType = contentType ?? (streaming ? "application/x-ndjson" : "text/plain")
        workload.body =
            body.map { $0.replacing("\\n", with: "\n") }
            ?? (streaming ? "{\"data\":\"{payload}\"}\n" : "{payload}")
        workload.channelPrefix = channelPrefix
        workload.channels = channels
        workload.publishers = publishers
        workload.pace = streaming ? .streaming : lockstep ? .lockstep : rate.map { .rate($0) } ?? .closedLoop
        workload.size = size
    }
}
