import HTTPMessages

/// Publishes one event.
struct Publisher {
    /// The daemon refused the event.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let daemon: RemoteDaemon
    private let target: String
    private let isQuiet: Bool

    init(daemon: RemoteDaemon, channel: String, event: String?, id: String?, key: String?, isQuiet: Bool) {
        let query = [("event", event), ("id", id), ("key", key)].compactMap { name, value in value.map { (name, $0) } }
        self.daemon = daemon
        target = daemon.url.target([channel], query: query)
        self.isQuiet = isQuiet
    }

    /// Publishes one event and waits for the receipt.
    func publish(_ data: [UInt8]) throws {
        var connection = try DaemonConnection(daemon.url)
        let head =
            "POST \(target) HTTP/1.1\r\n" + (try daemon.fields()) + "Content-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(data.count)\r\nConnection: close\r\n\r\n"
        try connection.send(Array(head.utf8) + data)
        let answer = try connection.answer()
        guard answer.head.status == 200 else {
            throw Refused(description: ProblemDocument.sentence(answer.head, answer.body))
        }
        if isQuiet { return }
        let receipt = String(decoding: answer.body, as: UTF8.self)
        StandardIO.write((ProblemDocument.field("id", of: receipt) ?? receipt) + "\n")
    }
}
