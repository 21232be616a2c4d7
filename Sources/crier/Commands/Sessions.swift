import ArgumentParser
import Kernel

/// `crier sessions`
struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the subscribers of a daemon, or end one.",
        discussion: """
              crier sessions --state behind --min-lag 100     who is slow
              crier sessions --channel news                   who gets the events of a channel
              crier sessions --end 0f8b…                      end one; its client gets 204 for a minute

            With --json each line is one session.

            Exit codes: 0 listed or ended; 1 the daemon refused it; 2 the daemon could not be reached; 64 wrong usage.
            """)

    @OptionGroup var target: DaemonOptions

    @Option(help: "Only sessions that get the events of this channel, or that name this pattern.")
    var channel: String?

    @Option(help: "Only sessions of this client address.")
    var address: String?

    @Option(help: "Only sessions of callers with this name.")
    var caller: String?

    @Option(help: "Only sessions that are live, behind or ending.")
    var state: String?

    @Option(help: "Only sessions that are behind by so many events at least.")
    var minLag: Int?

    @Flag(help: "Print each session as a JSON object on a line of its own.")
    var json = false

    @Option(help: "End the session with this id instead.")
    var end: String?

    func run() throws {
        Signals.ignoreBrokenPipe()
        try AdminRequest.run {
            if let end {
                _ = try AdminRequest(daemon: target.daemon, method: "DELETE", path: "/sessions/\(end)").send()
                return
            }
            let filters = [
                ("channel", channel), ("address", address), ("caller", caller), ("state", state),
                ("min-lag", minLag.map(String.init)),
            ]
            var table = Table("ID", "ADDRESS", "STATE", "LAG", "CALLER", "CHANNELS", "AGENT")
            let query = filters.compactMap { name, value in value.map { (name, $0) } }
            try AdminRequest(daemon: target.daemon, path: "/sessions", query: query).forEach("sessions") {
                (line: [UInt8], item: SessionFigures) in
                if json {
                    StandardIO.write(line + [0x0A])
                } else {
                    table.add(
                        item.id, item.address ?? "unix", item.state, "\(item.lag.events)", item.token ?? "-",
                        item.channels.joined(separator: ","), item.agent ?? "-")
                }
            }
            if !json { StandardIO.write(table.text) }
        }
    }

    func validate() throws {
        guard let end else { return }
        let isID =
            end.utf8.count == 32 && end.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isID else { throw ValidationError("--end is the id of a session: \(end)") }
        if channel != nil || address != nil || caller != nil || state != nil || minLag != nil || json {
            throw ValidationError("--end ends one session, and goes with no filter.")
        }
    }
}
