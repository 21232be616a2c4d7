import ArgumentParser
import Broadcasting
import EventStreams
import Kernel

/// `crier subscribe`
struct Subscribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the events of channels as they arrive.",
        discussion: """
            Reconnects by itself, as a browser does: when the connection is lost or the stream ends, it waits for the \
            reconnection time that the daemon has set, and resumes with Last-Event-ID.

            Exit codes: 0 the channels have ended (204), --count is reached, or the reader has closed the output; \
            1 the daemon refused the request; 2 the connection failed (only with --no-reconnect); 64 wrong usage.
            """)

    /// The format of an event in the output.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case sse, json, data
    }

    @OptionGroup var target: DaemonOptions

    @Option(name: .customLong("last-event-id"), help: "Resume after the event with this id.")
    var lastEventID: String?

    @Option(help: "Start with retained events: all, or a number of the newest.")
    var replay: String?

    @Option(help: "Start with the first event since a time: 10m (ago), or 2026-11-24T10:00:00Z.")
    var since: String?

    @Option(help: "sse: as on the wire; json: one object per line; data: the data and a line feed.")
    var format = Format.sse

    @Option(help: "Stop after this number of events.")
    var count: Int?

    @Flag(name: .customLong("no-reconnect"), help: "Stop when the connection is lost or the stream ends.")
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
        Signals.ignoreBrokenPipe()
        var stream = ReconnectingStream(
            daemon: target.daemon, channels: channels, replay: replay, since: since, lastEventID: lastEventID ?? "",
            isEnveloped: format == .json)
        var left = count ?? .max
        while true {
            switch stream.next() {
            case .event(let type, let data, let id):
                StandardIO.write(Self.text(type, data, id, format))
                left -= 1
                if left == 0 { return }
            case .ended:
                StandardIO.writeError(
                    channels.count == 1 ? "The channel has ended." : "All of the channels have ended.")
                return
            case .refused(let reason):
                StandardIO.writeError(reason)
                throw ExitCode(1)
            case .lost(let reason, let delay):
                if noReconnect {
                    StandardIO.writeError(reason)
                    throw ExitCode(2)
                }
                StandardIO.writeError("\(reason); reconnecting in \(delay) ms")
                Thread.sleep(milliseconds: delay)
            }
        }
    }

    private static func text(_ type: String, _ data: String, _ id: String, _ format: Format) -> String {
        switch format {
        case .data: return data + "\n"
        case .json:
            let id = JSONText.string(id.isEmpty ? nil : id)
            // The data is an envelope, unless the event is crier's own.
            if type == "message", data.hasPrefix(#"{"channel":""#) {
                return #"{"id":\#(id),"# + data.dropFirst() + "\n"
            }
            return #"{"id":\#(id),"event":\#(JSONText.string(type)),"data":\#(JSONText.string(data))}"# + "\n"
        case .sse:
            let name = type == "message" ? nil : (try? EventName(type)) ?? nil
            let event = Event(name: name, data: EventData(data))
            return String(decoding: EventEncoder.encode(event, id: id.isEmpty ? nil : id), as: UTF8.self)
        }
    }
}
