import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `A connection that is kept alive` {
        private static let patientOtherwise = ["--set", "limits.idle-timeout=1h", "--set", "server.heartbeat=1h"]

        @Test func `gets 408 when a second head does not come in time`() async throws {
            try await withDaemon(Self.patientOtherwise + ["--set", "limits.head-timeout=300ms"]) { daemon in
                let client = try Client(daemon.port)
                try client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try client.answer().status == 200)
                try client.send("GET /hea")
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.body.contains("The head of the request did not come in time."))
            }
        }

        @Test func `is closed after the answer when the client finishes in the packet of its request`() async throws {
            try await withDaemon(Self.patientOtherwise) { daemon in
                let client = try Self.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", daemon.port)
                let answer = try client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("ok\n"))
            }
        }

        @Test func `does not become a subscriber when the client finishes in the packet of its request`() async throws {
            try await withDaemon(Self.patientOtherwise) { daemon in
                let client = try Self.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n", daemon.port)
                _ = try client.readToEnd()
                #expect(try subscribers(daemon.port, "a") == 0)
            }
        }

        @Test func `gets an answer to each of 3,000 requests that it sends at once before it finishes`() async throws {
            // They take longer than the time of a turn, so the daemon serves them in several.
            try await withDaemon(Self.patientOtherwise + ["--set", "history.events=10000"]) { daemon in
                let client = try Client(daemon.port)
                let request = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
                // Fewer bytes than the socket takes while the daemon writes answers that nobody reads yet.
                try client.send(String(repeating: request, count: 3000))
                client.socket.finishSending()
                let answers = try client.readToEnd()
                #expect(answers.split(separator: "HTTP/1.1 200 OK").count == 3000)
                #expect(answers.contains("-3000\""))
            }
        }

        @Test func `is not closed as idle while it waits for its turn behind others that send`() async throws {
            let flags = ["--set", "limits.idle-timeout=100ms", "--set", "server.loops=1"]
            try await withDaemon(flags) { daemon in
                let publish = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
                let last = publish.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
                // Stopped, so that all requests are there when it begins.
                daemon.signal(SIGSTOP)
                var clients: [Client] = []
                for _ in 0..<1000 {
                    let client = try Client(daemon.port)
                    try client.send(String(repeating: publish, count: 39) + last)
                    clients.append(client)
                }
                daemon.signal(SIGCONT)
                for client in clients {
                    let answers = try client.readToEnd().split(separator: "HTTP/1.1 200 OK").count
                    try #require(answers == 40)
                }
            }
        }

        /// Sends a request and the end of the stream in one packet.
        private static func send(_ request: String, _ port: UInt16) throws -> Client {
            let client = try Client(port)
            try client.socket.set(CInt(IPPROTO_TCP), TCP_CORK, 1)
            try client.send(request)
            client.socket.finishSending()
            return client
        }
    }
}
