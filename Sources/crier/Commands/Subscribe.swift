import ArgumentParser
import Broadcasting
import EventStreams
import Glibc

/// `crier subscribe`
struct Subscribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the events of some channels as they come.",
        discussion: """
            Comes back by itself as a browser would: after a lost connection or the end of the stream, with \
            Last-Event-ID, after the time that the daemon asked for.

            Exit codes: 0 the channels have ended (204), or --count was reached, or nobody reads the output any more; \
            1 the daemon refused; 2 it could not be reached, with --no-reconnect only; 64 wrong usage.
            """)

    /// How an event is printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case sse, json, data
    }

    @OptionGroup var target: DaemonOptions

    @Option(name: .customLong("last-event-id"), help: "Begin after this event.")
    var lastEventID: String?

    @Option(help: "Begin with what is held: all, or so many of the newest events.")
    var replay: String?

    @Option(help: "Begin with the first event since then: 10m, or 2026-11-24T10:00:00Z.")
    var since: String?

    @Option(help: "sse: as on the wire; json: an object a line; data: the data and a line feed.")
    var format = Format.sse

    @Option(help: "Stop after so many events.")
    var count: Int?

    @Flag(name: .customLong("no-reconnect"), help: "Stop when the connection ends.")
    var noReconnect = false

    @Argument(help: "The channels, or patterns such as 'news/*'.")
    var channels: [String]

    func validate() throws {
        if let lastEventID, lastEventID.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw ValidationError("--last-event-id contains a control character.")
        }
        if let count, count < 1 { throw ValidationError("--count is at least 1.") }
    }

    func run() throws {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        var stream = ReconnectingStream(
            url: target.url, channels: channels, replay: replay, since: since, lastEventID: lastEventID ?? "")
        var left = count ?? .max
        while true {
            switch stream.next() {
            case .event(let type, let data, let id):
                Standard.write(Self.text(type, data, id, format))
                left -= 1
                if left == 0 { return }
            case .ended: return
            case .refused(let why):
                Standard.complain(why)
                throw ExitCode(1)
            case .lost(let why, let delay):
                if noReconnect {
                    Standard.complain(why)
                    throw ExitCode(2)
                }
                Standard.complain("\(why); trying again in \(delay) ms")
                usleep(useconds_t(clamping: delay * 1000))
            }
        }
    }

    private static func text(_ type: String, _ data: String, _ id: String, _ format: Format) -> String {
        switch format {
        case .data: return data + "\n"
        case .json:
            let id = JSONText.string(id.isEmpty ? nil : id)
            return #"{"id":\#(id),"event":\#(JSONText.string(type)),"data":\#(JSONText.string(data))}"# + "\n"
        case .sse:
            let name = type == "message" ? nil : (try? EventName(type)) ?? nil
            let event = Event(name: name, data: EventData(data))
            return String(decoding: EventEncoder.encode(event, id: id.isEmpty ? nil : id), as: UTF8.self)
        }
    }
}
