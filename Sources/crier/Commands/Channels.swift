import ArgumentParser
import Kernel

/// `crier channels`
struct Channels: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the channels of a daemon.",
        discussion: """
            Sorted by name, segment by segment. With --json each line is one channel.

            Exit codes: 0 listed; 1 the daemon refused it; 2 the daemon could not be reached; 64 wrong usage.
            """)

    @OptionGroup var target: DaemonOptions

    @Flag(help: "Print each channel as a JSON object on a line of its own.")
    var json = false

    @Argument(help: "Only channels whose names begin with this.")
    var prefix: String?

    func run() throws {
        Signals.ignoreBrokenPipe()
        try AdminRequest.run {
            var table = Table("CHANNEL", "SUBSCRIBERS", "EVENTS", "BYTES", "LAST")
            try AdminRequest(daemon: target.daemon, path: "/channels").forEach("channels") {
                (line: [UInt8], item: ChannelFigures) in
                guard prefix.map({ item.channel.hasPrefix($0) }) ?? true else { return }
                if json {
                    StandardIO.write(line + [0x0A])
                } else {
                    table.add(
                        item.channel, "\(item.subscribers)", "\(item.events)", "\(item.bytes)", item.last ?? "-")
                }
            }
            if !json { StandardIO.write(table.text) }
        }
    }
}
