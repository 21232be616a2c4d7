import HTTPMessages

/// Publishes events one after the other on one connection.
struct Publisher: ~Copyable {
    /// The daemon said no.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let url: DaemonURL
    private let target: String
    private let isQuiet: Bool
    private var connection: DaemonConnection?

    init(url: DaemonURL, channel: String, event: String?, id: String?, isQuiet: Bool) {
        let query = [("event", event), ("id", id)].compactMap { name, value in value.map { (name, $0) } }
        self.url = url
        target = url.target([channel], query: query)
        self.isQuiet = isQuiet
    }

    /// Publishes one event and waits for the receipt. An event is never sent twice: only a connection that is known
    /// to be closed before anything was sent is replaced.
    mutating func publish(_ data: [UInt8]) throws {
        var current = try connection.take() ?? DaemonConnection(url)
        if current.isClosedByPeer { current = try DaemonConnection(url) }
        let head =
            "POST \(target) HTTP/1.1\r\nHost: \(url.authority)\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(data.count)\r\n\r\n"
        try current.send(Array(head.utf8) + data)
        let answer = try current.answer()
        guard answer.head.status == 200 else {
            throw Refused(description: ProblemDocument.sentence(answer.head, answer.body))
        }
        if !isQuiet {
            let receipt = String(decoding: answer.body, as: UTF8.self)
            Standard.write((ProblemDocument.field("id", of: receipt) ?? receipt) + "\n")
        }
        if answer.head.keepsAlive { connection = .some(current) }
    }
}
