import EventStreams
import Glibc
import Kernel
import Testing
import TimeLimits

/// Security advisories of other servers and clients of event streams, each as a test of crier.
extension RealProcess {
    @Suite(.endsInTime()) struct `The advisory` {
        /// Publishes something whose parts contain line breaks, and returns the events that a client reads afterwards, up to
        /// one that marks the end.
        private static func events(_ daemon: Daemon, after attack: () throws -> Void) throws -> [StreamItem] {
            let client = try Client.subscribed(daemon.port, "/events/a")
            try attack()
            try publish(daemon.port, "a", "the end")
            var parser = EventStreamParser()
            let bytes = try client.read(until: "data: the end\n\n")
            return try parser.feed(Array(bytes.utf8)).filter { if case .event = $0 { true } else { false } }
        }

        private static let forged = ["a\ndata: forged\n\n", "a\rdata: forged\r\r", "a\r\ndata: forged\r\n\r\n"]

        @Test(arguments: ["id", "event"])
        func
            `CVE-2026-33128, CVE-2026-29085, CVE-2026-35515, CVE-2026-44214, CVE-2026-44217, CVE-2026-43968: a line break in an id or a type adds no event`(
                _ part: String
            ) async throws
        {
            try await withDaemon { daemon in
                let events = try Self.events(daemon) {
                    for text in Self.forged {
                        let coded = text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                        let answer = try request(daemon.port, "POST /events/a?\(part)=\(coded)", body: "x")
                        #expect(answer.status == 400, "\(answer)")
                        let json = text.replacing("\r\n", with: "\\r\\n").replacing("\n", with: "\\n").replacing(
                            "\r", with: "\\r")
                        let envelope = try request(
                            daemon.port, "POST /events",
                            body: "{\"channel\":\"a\",\"\(part)\":\"\(json)\",\"data\":\"x\"}",
                            fields: ["Content-Type: application/json"])
                        #expect(envelope.status == 400, "\(envelope)")
                    }
                }
                #expect(events.count == 1)
            }
        }

        @Test func `CVE-2026-86252: a line break of any kind in data stays in the data`() async throws {
            try await withDaemon { daemon in
                let events = try Self.events(daemon) {
                    for text in Self.forged { try publish(daemon.port, "a", text) }
                }
                #expect(events.count == Self.forged.count + 1)
                for case .event(let type, let data, _) in events.dropLast() {
                    #expect(type == "message" && data == "a\ndata: forged\n\n")
                }
            }
        }

        @Test(arguments: ["-1", "1\n2", "1.5", "1e3", "", "0x10", "99999999999999999999"])
        func `JLSEC-2026-619: a reconnection time that is no number, and an id with NUL, are refused`(_ retry: String)
            async throws
        {
            try await withDaemon { daemon in
                let coded = retry.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                for query in ["retry=\(coded)", "id=a%00b"] {
                    let answer = try request(daemon.port, "POST /events/a?\(query)", body: "x")
                    #expect(answer.status == 400, "\(query)")
                }
            }
        }

        @Test func `CVE-2026-22735, CVE-2026-47890, CVE-2026-59313: one encoder serves every form of publishing`()
            async throws
        {
            try await withDaemon { daemon in
                let client = try Client.subscribed(daemon.port, "/events/a")
                let envelope = #"{"channel":"a","event":"e","id":"i","data":"one\r\ntwo\rthree"}"#
                for (target, type, body) in [
                    ("/events/a?event=e&id=i", "text/plain", "one\r\ntwo\rthree"),
                    ("/events", "application/json", envelope),
                    ("/events", "application/x-ndjson", envelope + "\n"),
                    ("/events/a", "text/event-stream", "event:e\nid:i\ndata:one\ndata:two\ndata:three\n\n"),
                ] {
                    let answer = try request(
                        daemon.port, "POST \(target)", body: body, fields: ["Content-Type: \(type)"])
                    #expect(answer.status == 200, "\(answer)")
                    #expect(try client.event() == "id: i\nevent: e\ndata: one\ndata: two\ndata: three", "\(type)")
                }
            }
        }

        @Test func `CVE-2026-39972: names that join to the same text are different keys`() async throws {
            let secret = try TemporaryFile(String(repeating: "secret ", count: 8))
            let file = try TemporaryFile(
                "[[listen]]\naddress = \"127.0.0.1:0\"\n[[access.jwt]]\nsecret = \"\(secret.path)\"\n")
            try await withDaemon(["--config", file.path], listen: []) { daemon in
                // A name and a key, a topic and a selector: joined with any separator, some of these would be equal.
                var ids: Set<String> = []
                for (name, key) in [
                    ("ab", "c"), ("a", "bc"), ("a:1", "c"), ("a", "1:c"), ("1:a", "c"), ("a b", "c"), ("a", "b_c"),
                ] {
                    let flags = ["token", "mint", "--secret", secret.path, "--publish", "**", "--name", name]
                    let token = try await crier(flags).output.dropLast()
                    let answer = try request(
                        daemon.port, "POST /events/x", body: "same",
                        fields: ["Authorization: Bearer \(token)", "Idempotency-Key: \(key)"])
                    #expect(answer.status == 200)
                    ids.insert(answer.id)
                }
                #expect(ids.count == 7)
            }
        }

        @Test func `CVE-2025-27421: subscribers that vanish leave nothing behind, and crier goes on accepting`()
            async throws
        {
            try await withDaemon { daemon in
                try publish(daemon.port, "a", "x")
                let before = try daemon.descriptors
                for _ in 0..<2000 {
                    let client = try Client(daemon.port)
                    try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    try client.socket.resetWhenClosed()
                }
                try await eventually("they have gone") {
                    try subscribers(daemon.port, "a") == 0 && daemon.descriptors <= before + 1
                }
            }
        }

        @Test func `CVE-2026-34237: no answer allows other origins unless they are listed`() async throws {
            try await withDaemon { daemon in
                for line in ["GET /channels", "GET /nothing", "OPTIONS /events/a", "GET /healthz"] {
                    let answer = try request(daemon.port, line, fields: ["Origin: https://evil.example"])
                    #expect(!answer.head.contains { $0.lowercased().hasPrefix("access-control-") })
                }
                let client = try Client(daemon.port)
                try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n")
                #expect(try !client.read(until: "\r\n\r\n").contains("Access-Control-"))
            }
        }

        @Test(arguments: ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "0x7f.1"])
        func
            `CVE-2025-66414, CVE-2025-66416, CVE-2026-63118, CVE-2026-11624: a rebound name reaches nothing on loopback`(
                _ host: String
            ) async throws
        {
            try await withDaemon { daemon in
                for line in ["GET /events/a", "POST /events/a", "GET /channels", "DELETE /channels/a", "GET /"] {
                    let client = try Client(daemon.port)
                    try client.send("\(line) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 0\r\n\r\n")
                    #expect(try client.answer().status == 421, "\(line)")
                }
            }
        }

        @Test func `net4cpp 52: an origin is never echoed from the request`() async throws {
            let file = try TemporaryFile(
                "[[listen]]\naddress = \"127.0.0.1:0\"\norigins = [\"https://*.app.example\"]\n")
            try await withDaemon(["--config", file.path], listen: []) { daemon in
                for origin in [
                    "https://a.app.example\rX-Evil: 1", "https://x\"y.app.example", "https://<b>.app.example",
                    "https://a.app.example ", "https://A.APP.EXAMPLE",
                ] {
                    let client = try Client(daemon.port)
                    try client.send(
                        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: \(origin)\r\nConnection: close\r\n\r\n")
                    let text = try client.readToEnd()
                    #expect(
                        !text.contains("X-Evil") && !text.contains("<b>") && !text.contains("x\"y")
                            && !text.contains("APP"))
                }
            }
        }

        @Test func `CVE-2022-1650: crier redirects nobody, and its client takes no token to another server`()
            async throws
        {
            try await withDaemon { daemon in
                for line in [
                    "GET /events/a/", "GET /events//a", "GET //events/a", "GET /channels/", "GET /events/../x",
                ] {
                    let status = try request(daemon.port, line).status
                    #expect(!(300..<400).contains(status), "\(line)")
                }
            }
            let (server, other) = (try ScriptedServer(), try ScriptedServer())
            let thread = try Kernel.Thread(named: "server") {
                try? server.serve(["HTTP/1.1 302 Found\r\nLocation: \(other.url)/events/a\r\nContent-Length: 0\r\n\r\n"]
                )
            }
            let found = try await crier("subscribe", "--url", server.url, "--token", "hidden", "a")
            thread.join()
            #expect(found.code == 1 && other.requests.isEmpty)
            #expect(server.requests.first?.contains("Authorization: Bearer hidden") == true)
        }

        @Test
        func
            `CVE-2026-109924, CVE-2026-53965, GHSA-f2fp-rgf2-35cp: an event without an end has a limit, here and in the client`()
            async throws
        {
            try await withDaemon(["--set", "limits.body=64KiB"]) { daemon in
                for (type, start) in [("application/x-ndjson", "{\"data\":\""), ("text/event-stream", "data: ")] {
                    let client = try Client(daemon.port)
                    try client.send(
                        "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nContent-Length: 1000000000\r\n\r\n\(start)"
                    )
                    try? client.send([UInt8](repeating: UInt8(ascii: "x"), count: 200_000))
                    #expect(try client.answer().status == 400)
                }
            }
            let server = try ScriptedServer()
            let long = String(repeating: "x", count: 17 << 20)
            let thread = try Kernel.Thread(named: "server") {
                try? server.serve(["HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: \(long)"])
            }
            let found = try await crier("subscribe", "--url", server.url, "--no-reconnect", "a")
            thread.join()
            #expect(found.code == 2 && found.error.contains("an event is too long"), "\(found.error)")
        }

        @Test func `CVE-2018-12122: a head that drips in has a deadline that no byte moves`() async throws {
            try await withDaemon(["--set", "limits.head-timeout=1s"]) { daemon in
                let client = try Client(daemon.port)
                try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\nX: ")
                let start = Clock.monotonic
                var poller = try Poller(capacity: 1)
                try poller.watchInput(client.socket, token: 1)
                while !client.hasInput {
                    guard (try? client.send("x")) != nil else { break }
                    _ = try poller.wait(milliseconds: 20)
                    try #require(Clock.monotonic < start + 15_000, "it drips for ever")
                }
                #expect(try client.readToEndOrReset().hasPrefix("HTTP/1.1 408"))
            }
        }

        @Test(arguments: [
            "Transfer-Encoding: ChUnKeD\r\nContent-Length: 4", "Content-Length: 4\r\nTransfer-Encoding: chunked",
            "Content-Length: 4\r\nContent-Length: 5", "Content-Length: +4", "Content-Length: 4, 4",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding:\u{B}chunked", "Transfer-Encoding : chunked",
            "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 4",
        ])
        func
            `CVE-2026-23527, CVE-2026-73257: a body whose length can be read in two ways is refused, and ends the connection`(
                _ fields: String
            ) async throws
        {
            try await withDaemon { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
                )
                let text = try client.readToEndOrReset()
                #expect(text.hasPrefix("HTTP/1.1 400") || text.hasPrefix("HTTP/1.1 501"), "\(text)")
                #expect(!text.dropFirst().contains("HTTP/1.1"), "\(text)")
            }
        }
    }
}
