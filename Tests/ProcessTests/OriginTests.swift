import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `A page of another origin` {
        private static let page = "Origin: https://app.example"
        private static let allowed = "Access-Control-Allow-Origin: https://app.example"

        private func withListed(
            _ flags: [String] = [], _ body: (borrowing Daemon) async throws -> Void
        ) async throws {
            let file = try TemporaryFile("[[listen]]\naddress = \"127.0.0.1:0\"\norigins = [\"https://app.example\"]\n")
            try await withDaemon(["--config", file.path] + flags, listen: []) { try await body($0) }
        }

        @Test func `that is listed can read every answer, also a refusal`() async throws {
            try await withListed(["--set", "limits.body=10"]) { daemon in
                let requests: [(line: String, body: String?, status: Int)] = [
                    ("GET /channels", nil, 200), ("GET /channels/none", nil, 404), ("GET /nothing", nil, 404),
                    ("GET /events/a?replay=x", nil, 400), ("PUT /events/a", nil, 405), ("GET /healthz", nil, 200),
                    ("POST /events/a", "x", 200), ("POST /events/a", "12345678901", 413),
                    ("POST /events/$a", "x", 403), ("OPTIONS /events/a", nil, 204), ("DELETE /channels/a", nil, 200),
                ]
                for (line, body, status) in requests {
                    let answer = try request(daemon.port, line, body: body, fields: [Self.page])
                    #expect(answer.status == status, "\(line): \(answer)")
                    #expect(answer.head.contains(Self.allowed) && answer.head.contains("Vary: Origin"), "\(line)")
                    #expect(answer.head.contains("Access-Control-Allow-Credentials: true"), "\(line)")
                }
            }
        }

        @Test func `that is listed can read a stream`() async throws {
            try await withListed { daemon in
                for method in ["GET", "HEAD"] {
                    let client = try Client(daemon.port)
                    try client.send("\(method) /events/a HTTP/1.1\r\nHost: localhost\r\n\(Self.page)\r\n\r\n")
                    let head = try client.read(until: "\r\n\r\n")
                    #expect(head.contains("\r\n\(Self.allowed)\r\n") && head.contains("\r\nVary: Origin\r\n"))
                }
            }
        }

        @Test func `that is not listed gets no permission, and cannot publish`() async throws {
            try await withListed { daemon in
                for origin in ["https://evil.example", "https://app.example.evil.example", "null"] {
                    let publish = try request(daemon.port, "POST /events/a", body: "x", fields: ["Origin: \(origin)"])
                    #expect(publish.status == 403)
                    let read = try request(daemon.port, "GET /channels", fields: ["Origin: \(origin)"])
                    for answer in [publish, read] {
                        #expect(!answer.head.contains { $0.hasPrefix("Access-Control-") }, "\(answer.head)")
                        #expect(answer.head.contains("Vary: Origin"))
                    }
                }
            }
        }

        @Test func `leaves nothing behind for the next request of its connection`() async throws {
            try await withListed { daemon in
                let client = try Client(daemon.port)
                try client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\(Self.page)\r\n\r\n")
                #expect(try client.answer().head.contains(Self.allowed))
                try client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try !client.answer().head.contains(Self.allowed))
                try client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\(Self.page)\r\n\r\nx x\r\n\r\n")
                #expect(try client.answer().head.contains(Self.allowed))
                let malformed = try client.answer()
                #expect(malformed.status == 400 && !malformed.head.contains(Self.allowed))
            }
        }

        @Test func `is refused, and no answer names an origin, when the listener lists none`() async throws {
            try await withDaemon { daemon in
                let answer = try request(daemon.port, "GET /channels", fields: [Self.page])
                #expect(
                    answer.status == 200 && !answer.head.contains { $0.hasPrefix("Access-") || $0.hasPrefix("Vary") })
                let publish = try request(daemon.port, "POST /events/a", body: "x", fields: [Self.page])
                #expect(publish.status == 403 && publish.body.contains("(origins in [[listen]])"))
            }
        }
    }
}
