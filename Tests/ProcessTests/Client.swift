import EventStreams
import Glibc
import Kernel
import SystemPackage
import Testing

/// A connection to a daemon, on which a test can send any bytes.
final class Client {
    /// Seconds that one call waits. Comments that the daemon sends meanwhile do not extend it.
    private static let patience = 20

    let socket: Descriptor
    private var received: [UInt8] = []
    /// Decodes the chunks of a stream, from its head on.
    private var decoder: StreamDecoder?

    /// A failure, with the bytes received until then.
    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    /// The client sent something after the daemon had closed.
    struct Reset: Error, CustomStringConvertible {
        let description = "the daemon reset the connection"
    }

    convenience init(_ port: UInt16, host: String = "127.0.0.1") throws {
        try self.init(try #require(try SocketAddress.resolve(host: host, port: port).first))
    }

    convenience init(path: String) throws {
        try self.init(try #require(SocketAddress(unixPath: path)))
    }

    private init(_ address: SocketAddress) throws {
        let socket = try Descriptor.connect(to: address)
        var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(socket.number, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        self.socket = socket
    }

    /// A subscriber whose stream is open.
    static func subscribed(_ port: UInt16, _ target: String, lastEventID: String? = nil) throws -> Client {
        let client = try Client(port)
        let position = lastEventID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        try client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\(position)\r\n")
        let head = try client.read(until: "\r\n\r\n")
        guard head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n") else {
            throw Unexpected(description: head)
        }
        _ = try client.read(until: "\nretry: ")
        _ = try client.read(until: "\n")
        return client
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard case .wrote(let count) = socket.send(Array(rest)) else {
                throw Unexpected(description: "the daemon takes no more")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Takes the received text, up to and including `marker`. After a head that announces chunks, the rest comes without
    /// their framing.
    func read(until marker: String) throws -> String {
        let marker = Array(marker.utf8)
        let start = time(nil)
        while true {
            if let range = received.firstRange(of: marker) {
                let taken = received[..<range.upperBound]
                received.removeSubrange(..<range.upperBound)
                let text = String(decoding: taken, as: UTF8.self)
                if decoder == nil, text.hasPrefix("HTTP/1.1 "), text.contains("\r\nTransfer-Encoding: chunked\r\n") {
                    var decoder = StreamDecoder()
                    _ = try decoder.feed(taken)
                    received = try decoder.feed(received)
                    self.decoder = decoder
                }
                return text
            }
            guard try receive(since: start) else {
                throw Unexpected(description: "the stream ended after: \(text)")
            }
        }
    }

    /// Waits for the text up to `marker`, and leaves it: ``readToEnd()`` then returns it with the framing of chunks.
    func wait(until marker: String) throws {
        let start = time(nil)
        while received.firstRange(of: Array(marker.utf8)) == nil {
            guard try receive(since: start) else {
                throw Unexpected(description: "the stream ended after: \(text)")
            }
        }
    }

    func read(_ count: Int) throws -> [UInt8] {
        let start = time(nil)
        while received.count < count {
            guard try receive(since: start) else {
                throw Unexpected(description: "the stream ended after \(received.count) bytes")
            }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    /// All that comes until the daemon closes.
    func readToEnd() throws -> String {
        let start = time(nil)
        while try receive(since: start) {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Whether the daemon has said that the stream is complete.
    var isComplete: Bool { decoder?.isComplete ?? false }

    /// All that comes until the daemon closes or the kernel resets the connection.
    func readToEndOrReset() throws -> String {
        do {
            return try readToEnd()
        } catch is Reset {
            defer { received = [] }
            return text
        }
    }

    /// The next block of an event stream, without its blank line.
    func event() throws -> String {
        String(try read(until: "\n\n").dropLast(2))
    }

    /// An answer with a Content-Length.
    func answer() throws -> Answer {
        let head = try read(until: "\r\n\r\n")
        let lines = head.split(separator: "\r\n").map(String.init)
        let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        return Answer(status: status, head: lines, body: String(decoding: try read(length), as: UTF8.self))
    }

    /// Whether bytes of the daemon have come that no call has taken.
    var hasInput: Bool {
        var readiness = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        let count = unsafe poll(&readiness, 1, 0)
        return count > 0 || !received.isEmpty
    }

    private var text: String { String(decoding: received, as: UTF8.self) }

    /// - Returns: false at the end of the stream.
    private func receive(since start: time_t) throws -> Bool {
        guard time(nil) <= start + Self.patience else {
            throw Unexpected(description: "it took too long; so far: \(text)")
        }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        switch socket.read(into: &buffer) {
        case .bytes(let count):
            received += try decoder?.feed(buffer[..<count]) ?? Array(buffer[..<count])
            return true
        case .end: return false
        case .failed(.connectionReset): throw Reset()
        case .wouldBlock, .failed:
            throw Unexpected(description: "nothing came; so far: \(text)")
        }
    }
}

struct Answer: CustomStringConvertible {
    let status: Int
    let head: [String]
    let body: String

    var description: String { "\(status) \(body)" }

    /// The id in a receipt.
    var id: String { String(body.dropFirst(7).prefix { $0 != "\"" }) }
}

/// One request on a connection of its own.
@discardableResult
func request(_ port: UInt16, _ text: String, body: String? = nil, fields: [String] = []) throws -> Answer {
    let client = try Client(port)
    var head = "\(text) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields.map { $0 + "\r\n" }.joined()
    if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
    try client.send(head + "\r\n" + (body ?? ""))
    return try client.answer()
}

/// Publishes one event and answers its id.
@discardableResult
func publish(_ port: UInt16, _ channel: String, _ data: String, query: String = "") throws -> String {
    let answer = try request(port, "POST /events/\(channel)\(query)", body: data)
    try #require(answer.status == 200, "\(answer)")
    return answer.id
}

/// Subscribers of a channel, as the daemon counts them.
func subscribers(_ port: UInt16, _ channel: String) throws -> Int {
    let answer = try request(port, "GET /channels/\(channel)")
    guard answer.status == 200, let count = answer.body.firstRange(of: "\"subscribers\":") else { return 0 }
    return Int(answer.body[count.upperBound...].prefix { $0.isNumber }) ?? 0
}
