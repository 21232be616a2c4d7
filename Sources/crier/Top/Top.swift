import ArgumentParser
import FoundationEssentials
import Kernel

/// `crier top`
struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a daemon: rates, latency, the largest channels, the slowest sessions.",
        discussion: """
            Shows the figures anew each second, until you press q or Ctrl-C. It needs a terminal, and with access control a token that \
            may administer.

              crier top --once           the figures of one second, as text
              crier top --once --json    the same as a JSON object; without --once, one object a line each second

            Exit codes: 0 you left; 1 the daemon refused it; 2 the daemon could not be reached; 64 wrong usage.
            """)

    @OptionGroup var target: DaemonOptions

    @Flag(help: "Print the figures once, and end.")
    var once = false

    @Flag(help: "Print JSON.")
    var json = false

    /// How many channels, and how many sessions, are in the JSON.
    private static let listed = 20

    func validate() throws {
        if !once, !json, !Terminal.isOutput {
            throw ValidationError("top shows its figures in a terminal; use --once or --json elsewhere.")
        }
    }

    func run() throws {
        Signals.ignoreBrokenPipe()
        try AdminRequest.run {
            if once || json { try printFigures() } else { try show() }
        }
    }

    // MARK: Printing

    private func printFigures() throws {
        var watch = FigureWatch(target.daemon)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        while true {
            let (figures, rates) = try watch.next()
            // The first figures have no rates.
            guard let rates else { continue }
            let channels = try BusiestChannels(of: target.daemon, count: Self.listed)
            let sessions = try SlowestSessions(of: target.daemon, count: Self.listed)
            if json {
                let report = TopReport(
                    stats: figures, rates: rates, channels: channels.channels, sessions: sessions.sessions)
                StandardIO.write(Array(try encoder.encode(report)) + [0x0A])
            } else {
                let screen = TopScreen(
                    url: target.daemon.url.authority, figures: figures, rates: rates, channels: channels,
                    sessions: sessions, isColoured: false)
                StandardIO.write(screen.lines(columns: 1000, rows: 60).joined(separator: "\n") + "\n")
            }
            if once { return }
        }
    }

    // MARK: In a terminal

    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

    private func show() throws {
        var watch = FigureWatch(target.daemon)
        // The daemon may refuse: then there is nothing to clear.
        var (figures, rates) = try watch.next()
        guard let terminal = Terminal(farewell: Self.leave) else {
            throw ValidationError("top reads keys from a terminal; use --once or --json elsewhere.")
        }
        StandardIO.write(Self.enter)
        while true {
            let (columns, rows) = Terminal.size
            let screen = TopScreen(
                url: target.daemon.url.authority, figures: figures, rates: rates,
                channels: try BusiestChannels(of: target.daemon, count: rows),
                sessions: try SlowestSessions(of: target.daemon, count: rows),
                isColoured: Environment["NO_COLOR"] == nil)
            let text = screen.lines(columns: columns, rows: rows - 1).map { $0 + "\u{1B}[K\r\n" }.joined()
            StandardIO.write("\u{1B}[H" + text + "\u{1B}[J\u{1B}[2mq leaves\u{1B}[0m\u{1B}[K")
            while watch.waitForKey() {
                guard let key = terminal.key(), key != UInt8(ascii: "q") else { return }
            }
            (figures, rates) = try watch.next()
        }
    }
}

/// An object that `crier top --json` prints.
private struct TopReport: Encodable {
    let stats: DaemonFigures
    let rates: DaemonRates
    let channels: [ChannelFigures]
    let sessions: [SessionFigures]
}
