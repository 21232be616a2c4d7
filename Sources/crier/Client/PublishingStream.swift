import HTTPMessages
import Kernel

/// Publishes events as they arrive, in one request that may stay open for days.
struct PublishingStream: ~Copyable {
    private var connection: DaemonConnection

    /// - Parameter mediaType: the format of the body: `application/x-ndjson` or `text/event-stream`.
    init(_ daemon: RemoteDaemon, channel: String?, mediaType: String) throws(ClientFailure) {
        var connection = try DaemonConnection(daemon.url)
        let target = channel.map { daemon.url.target([$0]) } ?? daemon.url.target([])
        let head =
            "POST \(target) HTTP/1.1\r\n" + (try daemon.fields()) + "Content-Type: \(mediaType)\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
        try connection.send(Array(head.utf8))
        self.connection = connection
    }

    /// Waits for input, or for the daemon's answer, after which it accepts no more.
    ///
    /// - Returns: whether there is input.
    func waitForInput(_ input: borrowing Descriptor) -> Bool { connection.waitForInput(input) }

    /// Sends the next bytes of the body.
    ///
    /// - Returns: whether to continue; if not, the answer of the daemon has the reason.
    mutating func send(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        do throws(ClientFailure) {
            try connection.send(Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [0x0D, 0x0A])
            return true
        } catch {
            return false
        }
    }

    /// Ends the body, if the daemon still reads it, and waits for the answer.
    mutating func finish() throws(ClientFailure) -> (head: ResponseHead, body: [UInt8]) {
        try? connection.send(Array("0\r\n\r\n".utf8))
        return try connection.answer()
    }
}
