import EventStreams
import HTTPMessages

/// An event stream that comes back by itself, by the rules of the standard (WHATWG HTML 9.2.3).
struct ReconnectingStream: ~Copyable {
    /// What happens next.
    enum Happening {
        case event(type: String, data: String, lastEventID: String)
        /// The daemon said that there is nothing to come back for (204).
        case ended
        /// The daemon said no, and would say no again.
        case refused(String)
        /// The connection is gone. Calling again after so many milliseconds comes back.
        case lost(String, retry: UInt64)
    }

    private let url: DaemonURL
    private let target: String
    private var parser: EventStreamParser
    /// Browsers wait three seconds when nobody tells them otherwise.
    private var retry: UInt64 = 3000
    private var connection: DaemonConnection?
    private var pending: [StreamItem] = []

    init(url: DaemonURL, channels: [String], replay: String?, since: String?, lastEventID: String) {
        self.url = url
        let query = [("replay", replay), ("since", since)].compactMap { name, value in value.map { (name, $0) } }
        target = url.target(channels, query: query)
        parser = EventStreamParser(lastEventID: lastEventID)
    }

    /// Waits for what happens next.
    mutating func next() -> Happening {
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
                    current = try DaemonConnection(url)
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

    /// Asks for the stream.
    ///
    /// - Returns: nil when it is open.
    private mutating func open(_ current: inout DaemonConnection) throws(ClientFailure) -> Happening? {
        var head = "GET \(target) HTTP/1.1\r\nHost: \(url.authority)\r\nAccept: text/event-stream\r\n"
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

    /// A block that was cut off is dropped, and reading begins anew after the last whole event.
    private mutating func lose(_ why: String) -> Happening {
        parser = EventStreamParser(lastEventID: parser.lastEventID)
        return .lost(why, retry: retry)
    }
}
