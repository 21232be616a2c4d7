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
            Prints the id of the event. With --lines or --format it publishes standard input as it arrives, on one \
            connection that may stay open for days; at the end it prints the number of events and the ids of the first \
            and the last. When the daemon is slower than the input, it stops reading until the daemon catches up.

            Exit codes: 0 all events are published; 1 the daemon refused an event (standard error has the reason); 2 the \
            daemon could not be reached or the connection was lost; 64 wrong usage.
            """)

    @OptionGroup var target: DaemonOptions

    @Option(help: "The type of the event, for addEventListener.")
    var event: String?

    @Option(help: "The id, instead of one from the daemon.")
    var id: String?

    @Option(help: "The key: a slow subscriber may get only the newest event for each key.")
    var key: String?

    @Flag(help: "Publish each line of standard input as the data of an event.")
    var lines = false

    @Option(
        help: ArgumentHelp(
            "The format of standard input: ndjson, one event per line, {\"channel\":…,\"event\":…,\"id\":…,\"data\":…}; or sse, an event stream."
        ))
    var format: Format?

    @Flag(help: "Print nothing on success.")
    var quiet = false

    @Argument(help: "The channel, such as news/eu; with --format ndjson each line may name its own.")
    var channel: String?

    @Argument(help: "The data; without it, or with -, crier reads standard input.")
    var data: String?

    /// The format of standard input.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case ndjson, sse
    }

    func validate() throws {
        if channel == nil, format != .ndjson { throw ValidationError("Name the channel.") }
        if lines, format != nil { throw ValidationError("--lines and --format exclude each other.") }
        guard lines || format != nil else { return }
        if data != nil, data != "-" {
            throw ValidationError("With --lines or --format crier reads standard input; omit the data.")
        }
        if lines, id != nil { throw ValidationError("--id would give every line the same id.") }
        if format != nil, event != nil || id != nil || key != nil {
            throw ValidationError("With --format the input contains event, id and key.")
        }
    }

    func run() throws {
        Signals.ignoreBrokenPipe()
        let input = Descriptor(owning: STDIN_FILENO)
        do {
            if lines || format != nil {
                try publishAll(of: input)
            } else {
                let publisher = Publisher(
                    daemon: target.daemon, channel: channel ?? "", event: event, id: id, key: key, isQuiet: quiet)
                let isArgument = data != nil && data != "-"
                try publisher.publish(isArgument ? Array((data ?? "").utf8) : try input.readToEnd())
            }
        } catch let error as Publisher.Refused {
            StandardIO.writeError(error.description)
            throw ExitCode(1)
        } catch let error as ClientFailure {
            StandardIO.writeError(error.description)
            throw ExitCode(2)
        }
    }

    private func publishAll(of input: borrowing Descriptor) throws {
        let mediaType = format == .sse ? "text/event-stream" : "application/x-ndjson"
        var stream = try PublishingStream(target.daemon, channel: channel, mediaType: mediaType)
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
        if !quiet { StandardIO.write(String(decoding: answer.body, as: UTF8.self)) }
    }
}
