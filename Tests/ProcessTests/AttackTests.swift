import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    /// Attacks that once reached their aim. Each of these tests failed before the daemon could withstand the attack.
    @Suite(.endsInTime(seconds: 120)) struct `An attack` {
        /// Sends requests on one connection without waiting, and reads as many answers.
        private static func pipeline(_ port: UInt16, _ requests: [String]) throws -> [Answer] {
            let client = try Client(port)
            let sender = try Sender(client.socket, requests.joined())
            defer { sender.join() }
            return try requests.map { _ in try client.answer() }
        }

        private static func post(_ channel: String, _ body: String = "x") -> String {
            "POST /events/\(channel) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        private static func delete(_ channel: String) -> String {
            "DELETE /channels/\(channel) HTTP/1.1\r\nHost: localhost\r\n\r\n"
        }

        @Test func `with many patterns and an unknown id among many channels gets a gap and every event`() async throws
        {
            try await withDaemon { daemon in
                let count = isSanitized ? 1000 : 20_000
                let lines = (0..<count).map { "{\"channel\":\"a/\($0)\",\"data\":\($0)}\n" }.joined()
                let published = try request(
                    daemon.port, "POST /events", body: lines, fields: ["Content-Type: application/x-ndjson"])
                #expect(published.body.contains("\"published\":\(count)"))
                let patterns = ["**", "*/**"] + (0..<9).map { "*/\($0)" }
                let query = patterns.map { "channel=\($0)" }.joined(separator: "&")
                for position in ["nonsense", "aaaaaaaa-7"] {
                    let client = try Client.subscribed(daemon.port, "/events?\(query)", lastEventID: position)
                    let gap = try client.event()
                    #expect(gap.contains("event: crier.gap") && gap.contains("\"lost\":null"), "\(gap)")
                    for number in 0..<count { try #require(try client.event().hasSuffix("\ndata: \(number)")) }
                }
            }
        }

        @Test func `by ending one channel very often makes crier forget neither this end nor another`() async throws {
            try await withDaemon { daemon in
                try publish(daemon.port, "other", "x")
                #expect(try request(daemon.port, "DELETE /channels/other").status == 200)
                for _ in 0..<(isSanitized ? 3 : 21) {
                    let requests = (0..<500).flatMap { _ in [Self.post("a"), Self.delete("a")] }
                    let answers = try Self.pipeline(daemon.port, requests)
                    #expect(answers.allSatisfy { $0.status == 200 })
                }
                #expect(try request(daemon.port, "GET /events/other").status == 204)
                #expect(try request(daemon.port, "GET /events/a").status == 204)
            }
        }

        @Test func `with a large event for many subscribers leaves publishers of other channels their turn`()
            async throws
        {
            try await withDaemon(["--set", "server.loops=1", "--set", "limits.body=4MiB"]) { daemon in
                let subscribers = try (0..<(isSanitized ? 50 : 500)).map { _ in
                    try Client.subscribed(daemon.port, "/events/large")
                }
                let attacker = try Client(daemon.port)
                try attacker.send(Self.post("large", String(repeating: "x", count: 1 << 20)))
                let other = try Client(daemon.port)
                // The attacker's receipt comes when its backlog is gone.
                var receipts = 0
                while !attacker.hasInput {
                    try other.send(Self.post("small"))
                    #expect(try other.answer().status == 200)
                    receipts += 1
                }
                // A sanitizer slows the other publisher more than the kernel, which does the attacker's work.
                #expect(receipts > 1 || isSanitized, "the other publisher was held for as long as the attacker")
                #expect(try attacker.answer().status == 200)
                #expect(subscribers.count > 0)
            }
        }

        @Test func `with a percent sign in the path reaches no other resource than a proxy would think`() async throws {
            try await withDaemon { daemon in
                for path in ["/%63hannels", "/%65vents/a", "/%68ealthz", "/events%2Fa", "/channels%2Fa"] {
                    let read = try request(daemon.port, "GET \(path)")
                    let published = try request(daemon.port, "POST \(path)", body: "x")
                    #expect(read.status == 404 && published.status == 404, "\(path)")
                }
            }
        }

        @Test func `with long gaps in many channels at once is told that their number is unknown`() async throws {
            try await withDaemon(["--set", "history.events=2"]) { daemon in
                let channels = (0..<100).map { "c\($0)" }
                let first = try publish(daemon.port, "c0", "first")
                let lines = (0..<20_000).map { "{\"channel\":\"c\($0 % 100)\",\"data\":\($0)}\n" }.joined()
                let published = try request(
                    daemon.port, "POST /events", body: lines, fields: ["Content-Type: application/x-ndjson"])
                #expect(published.status == 200)
                let query = channels.map { "channel=\($0)" }.joined(separator: "&")
                let client = try Client.subscribed(daemon.port, "/events?\(query)", lastEventID: first)
                #expect(try client.event().contains("\"lost\":null"))
                for number in 19_800..<20_000 { #expect(try client.event().hasSuffix("\ndata: \(number)")) }
            }
        }

        @Test func `with a wrong name closes the connection only when a body follows that crier will not read`()
            async throws
        {
            try await withDaemon { daemon in
                let publisher = try Client(daemon.port)
                try publisher.send(Self.post("a*b") + Self.post("a"))
                let answer = try publisher.answer()
                #expect(answer.status == 400 && answer.head.contains("Connection: close"))
                #expect(try publisher.readToEndOrReset() == "")
                let reader = try Client(daemon.port)
                for target in ["/events/a*b", "/channels/a*b", "/channels/a?x=1"] {
                    try reader.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    let answer = try reader.answer()
                    #expect(answer.status == 400 && answer.head.contains("Connection: keep-alive"), "\(answer)")
                }
                #expect(try request(daemon.port, "GET /channels/a").status == 404, "nothing was published")
            }
        }
    }
}
