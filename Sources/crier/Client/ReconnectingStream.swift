import EventStreams
import HTTPMessages
import Kernel

/// An event stream that reconnects by itself, by the rules of the standard (WHATWG HTML 9.2.3).
struct ReconnectingStream: ~Copyable {
    /// The next event or change of the connection.
    enum Item {
        case event(type: String, data: String, lastEventID: String)
        /// The channels have ended (204); a client must not reconnect.
        case ended
        /// The daemon refused the request; reconnecting would not help.
        case refused(String)
        /// The connection is lost. Wait for this many milliseconds; the next call then reconnects.
        case lost(String, retry: UInt64)
    }

    private let daemon: RemoteDaemon
    private let target: String
    private var parser: EventStreamParser
    /// The reconnection time in milliseconds; browsers too start with three seconds.
    private var retry: UInt64 = 3000
    private var connection: DaemonConnection?
    private var pending: [StreamItem] = []

    /// - Parameter isEnveloped: whether the data of an event also says which channel it came from.
    init(
        daemon: RemoteDaemon, channels: [String], replay: String?, since: String?, lastEventID: String,
        isEnveloped: Bool
    ) {
        self.daemon = daemon
        let query = [("replay", replay), ("since", since), ("envelope", isEnveloped ? "1" : nil)]
            .compactMap { name, value in value.map { (name, $0) } }
        target = daemon.url.target(channels, query: query)
        parser = EventStreamParser(lastEventID: lastEventID)
    }

    /// Waits for input of the program, or for bytes from the daemon.
    ///
    /// - Returns: whether there is input and the daemon has sent nothing.
    func waitForInput(_ input: StandardStream) -> Bool {
        guard pending.isEmpty, connection != nil else { return false }
        let descriptor = Descriptor(owning: input.rawValue)
        let hasInput = connection?.waitForInput(descriptor) ?? false
        _ = descriptor.release()
        return hasInput
    }

    /// Waits for the next item.
    mutating func next() -> Item {
        while true {
            while !pending.isEmpty {
                switch pending.removeFirst() {
                case .event(let type, let data, let id): return .event(type: type, data: data, lastEventID: id)
                case .retry(let milliseconds): retry = milliseconds
                case .comment: continue
                }
            }
            do throws(ClientFailure) {
                var current: DaemonConnection
                if let open = connection.take() {
                    current = open
                } else {
                    current = try DaemonConnection(daemon.url)
                    if let end = try open(&current) { return end }
                }
                guard case .body(let bytes) = try current.next() else { return lose("the stream ended") }
                pending = try parse(bytes)
                connection = .some(current)
            } catch {
                return lose(error.description)
            }
        }
    }

    /// Requests the stream.
    ///
    /// - Returns: nil when the stream is open.
    private mutating func open(_ current: inout DaemonConnection) throws(ClientFailure) -> Item? {
        var head = "GET \(target) HTTP/1.1\r\n" + (try daemon.fields()) + "Accept: text/event-stream\r\n"
        head += "Cache-Control: no-cache\r\n"
        if !parser.lastEventID.isEmpty { head += "Last-Event-ID: \(parser.lastEventID)\r\n" }
        try current.send(Array((head + "\r\n").utf8))
        guard case .head(let answer) = try current.next() else { throw .connectionLost }
        if answer.status == 204 { return .ended }
        let type = answer.fields.text("content-type")?.split(separator: ";").first
        guard answer.status == 200, type == "text/event-stream" else {
            var body: [UInt8] = []
            while case .body(let bytes) = try current.next() { body += bytes }
            return .refused(ProblemDocument.sentence(answer, body))
        }
        return nil
    }

    private mutating func parse(_ bytes: [UInt8]) throws(ClientFailure) -> [StreamItem] {
        do throws(EventStreamParser.Failure) {
            return try parser.feed(bytes)
        } catch {
            throw .unreachable("an event is too long")
        }
    }

    /// Drops an incomplete event: the next connection resumes after the last complete one.
    private mutating func lose(_ reason: String) -> Item {
        parser = EventStreamParser(lastEventID: parser.lastEventID)
        return .lost(reason, retry: retry)
    }
}
