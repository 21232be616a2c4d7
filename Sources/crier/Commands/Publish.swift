import ArgumentParser
import Glibc
import Kernel
import SystemPackage

/// `crier publish`
struct Publish: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish events to a channel.",
        discussion: """
            Prints the id of each event that was published.

            Exit codes: 0 all were published; 1 the daemon refused one, and why is on standard error; 2 the daemon \
            could not be reached or the connection was lost; 64 wrong usage.
            """)

    @OptionGroup var target: DaemonOptions

    @Option(help: "The type that listeners listen for.")
    var event: String?

    @Option(help: "The id, instead of one that the daemon gives.")
    var id: String?

    @Flag(help: "Each line of standard input is an event, published as it comes, on one connection.")
    var lines = false

    @Flag(help: "Print nothing when all is well.")
    var quiet = false

    @Argument(help: "The channel, such as news/eu.")
    var channel: String

    @Argument(help: "The data; - or nothing reads standard input.")
    var data: String?

    func validate() throws {
        if lines, data != nil, data != "-" { throw ValidationError("--lines reads standard input; leave DATA out.") }
        if lines, id != nil { throw ValidationError("--id would give every line the same id.") }
    }

    func run() throws {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        var publisher = Publisher(url: target.url, channel: channel, event: event, id: id, isQuiet: quiet)
        let input = Descriptor(owning: STDIN_FILENO)
        do {
            if lines {
                try publishLines(input, &publisher)
            } else if let data, data != "-" {
                try publisher.publish(Array(data.utf8))
            } else {
                try publisher.publish(try Standard.readAll(input))
            }
        } catch let error as Publisher.Refused {
            Standard.complain(error.description)
            throw ExitCode(1)
        } catch let error as ClientFailure {
            Standard.complain(error.description)
            throw ExitCode(2)
        }
    }

    private func publishLines(_ input: borrowing Descriptor, _ publisher: inout Publisher) throws {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while case .bytes(let count) = input.read(into: &buffer) {
            pending += buffer[..<count]
            while let end = pending.firstIndex(of: 0x0A) {
                var line = pending[..<end]
                if line.last == 0x0D { line.removeLast() }
                try publisher.publish(Array(line))
                pending.removeSubrange(...end)
            }
        }
        if !pending.isEmpty { try publisher.publish(pending) }
    }
}
