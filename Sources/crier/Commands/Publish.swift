import ArgumentParser
import Glibc
import HTTPMessages
import Kernel
import SystemPackage

/// `crier publish`
struct Publish: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish events to a channel.",
        discussion: """
            Prints the id of the event. With --lines or --format, what comes on standard input is published as it comes, \
            on one connection that may stay open for days, and what is printed at the end is how many events there were \
            and the ids of the first and the last. When the daemon is slower than what comes, reading waits.

            Exit codes: 0 all were published; 1 the daemon refused one, and why is on standard error; 2 the daemon \
            could not be reached or the connection was lost; 64 wrong usage.
            """)

    @OptionGroup var target: DaemonOptions

    @Option(help: "The type that listeners listen for.")
    var event: String?

    @Option(help: "The id, instead of one that the daemon gives.")
    var id: String?

    @Option(help: "What the event is about, for slow subscribers that only get the newest about each thing.")
    var key: String?

    @Flag(help: "Each line of standard input is the data of an event.")
    var lines = false

    @Option(
        help: ArgumentHelp(
            "Standard input is ndjson: an event a line, {\"channel\":…,\"event\":…,\"id\":…,\"data\":…}; or sse: an event stream."
        ))
    var format: Format?

    @Flag(help: "Print nothing when all is well.")
    var quiet = false

    @Argument(help: "The channel, such as news/eu; with --format ndjson each line may name its own.")
    var channel: String?

    @Argument(help: "The data; - or nothing reads standard input.")
    var data: String?

    /// What standard input is.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case ndjson, sse
    }

    func validate() throws {
        if channel == nil, format != .ndjson { throw ValidationError("Name the channel.") }
        if lines, format != nil { throw ValidationError("--lines and --format exclude each other.") }
        guard lines || format != nil else { return }
        if data != nil, data != "-" { throw ValidationError("Standard input is read; leave DATA out.") }
        if lines, id != nil { throw ValidationError("--id would give every line the same id.") }
        if format != nil, event != nil || id != nil || key != nil {
            throw ValidationError("With --format the input itself says event, id and key.")
        }
    }

    func run() throws {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        let input = Descriptor(owning: STDIN_FILENO)
        do {
            if lines || format != nil {
                try publishAll(of: input)
            } else {
                let publisher = Publisher(
                    url: target.url, channel: channel ?? "", event: event, id: id, key: key, isQuiet: quiet)
                let isArgument = data != nil && data != "-"
                try publisher.publish(isArgument ? Array((data ?? "").utf8) : try Standard.readAll(input))
            }
        } catch let error as Publisher.Refused {
            Standard.complain(error.description)
            throw ExitCode(1)
        } catch let error as ClientFailure {
            Standard.complain(error.description)
            throw ExitCode(2)
        }
    }

    private func publishAll(of input: borrowing Descriptor) throws {
        let mediaType = format == .sse ? "text/event-stream" : "application/x-ndjson"
        var stream = try PublishingStream(target.url, channel: channel, mediaType: mediaType)
        var envelopes = lines ? LineEnvelopes(event: event, key: key) : nil
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while stream.waitForInput(input), case .bytes(let count) = input.read(into: &buffer) {
            let bytes = Array(buffer[..<count])
            guard stream.send(envelopes?.feed(bytes) ?? bytes) else { break }
        }
        if let rest = envelopes?.finish() { _ = stream.send(rest) }
        let answer = try stream.finish()
        guard answer.head.status == 200 else {
            throw Publisher.Refused(description: ProblemDocument.sentence(answer.head, answer.body))
        }
        if !quiet { Standard.write(String(decoding: answer.body, as: UTF8.self)) }
    }
}
