/// Lays out what `crier top` shows.
struct TopScreen {
    let url: String
    let figures: DaemonFigures
    let rates: DaemonRates?
    let channels: BusiestChannels
    let sessions: SlowestSessions
    /// Whether to use colours.
    let isColoured: Bool

    /// The lines, each no longer than the columns, and no more than the rows.
    func lines(columns: Int, rows: Int) -> [String] {
        var lines = summary
        // A table has a blank line and its heading.
        let room = max(4, rows - lines.count - (sessions.sessions.isEmpty ? 2 : 4))
        // Sessions that are behind matter more than the last channels.
        let slow = min(sessions.sessions.count, room / 2)
        var table = Table("CHANNEL", "SUBSCRIBERS", "EVENTS", "BYTES", "LAST")
        for channel in channels.channels.prefix(room - slow) {
            table.add(
                channel.channel, Amount.text(channel.subscribers), Amount.text(channel.events),
                Amount.text(bytes: Double(channel.bytes)), channel.last ?? "-")
        }
        lines += [""] + Self.rows(table)
        if slow > 0 {
            var table = Table("BEHIND", "ADDRESS", "EVENTS", "BYTES", "SECONDS", "CALLER", "CHANNELS")
            for session in sessions.sessions.prefix(slow) {
                table.add(
                    String(session.id.prefix(8)), session.address ?? "unix", Amount.text(session.lag.events),
                    Amount.text(bytes: Double(session.lag.bytes)), Amount.text(session.lag.seconds),
                    session.token ?? "-", session.channels.joined(separator: ","))
            }
            lines += [""] + Self.rows(table)
        }
        return lines.prefix(rows).enumerated().map { index, line in
            style(String(line.prefix(columns)), isHeading: index == 0 || Self.isHeading(line))
        }
    }

    private var summary: [String] {
        let latency = figures.publishToWriteMilliseconds
        func milliseconds(_ value: Double?) -> String { value.map { "\(Amount.text(rate: $0)) ms" } ?? "-" }
        let live = figures.subscribers.subtractingReportingOverflow(figures.behind).partialValue
        return [
            "crier  \(url)",
            "subscribers \(Amount.text(live)) live, \(Amount.text(figures.behind)) behind   "
                + "connections \(Amount.text(figures.connections))   channels \(Amount.text(figures.channels))"
                + (channels.isPartial ? " (the first 10,000 compared)" : "")
                + "   patterns \(Amount.text(figures.patterns))",
            "a second    \(Amount.text(rate: rates?.published ?? 0)) published, "
                + "\(Amount.text(rate: rates?.delivered ?? 0)) delivered, "
                + "\(Amount.text(bytes: rates?.deliveredBytes ?? 0))",
            "latency     p50 \(milliseconds(latency.p50)), p90 \(milliseconds(latency.p90)), "
                + "p99 \(milliseconds(latency.p99)) from publish to write",
            "memory      \(Amount.text(bytes: Double(figures.memory)))   history \(Amount.text(figures.historyEvents)) events, "
                + "\(Amount.text(bytes: Double(figures.historyBytes)))   restarts survived \(figures.restarts)",
        ]
    }

    private static func rows(_ table: Table) -> [String] {
        table.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private static func isHeading(_ line: String) -> Bool { line.hasPrefix("CHANNEL ") || line.hasPrefix("BEHIND ") }

    private func style(_ line: String, isHeading: Bool) -> String {
        isColoured && isHeading ? "\u{1B}[1m\(line)\u{1B}[0m" : line
    }
}
