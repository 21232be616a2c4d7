import Glibc
import Kernel
import Testing

/// The value of a sample of `GET /metrics`.
func metric(_ port: UInt16, _ sample: String) throws -> Int {
    let answer = try request(port, "GET /metrics")
    let line = answer.body.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
    return try #require(line.flatMap { Int($0.dropFirst(sample.utf8.count + 1)) }, "no \(sample) in \(answer.body)")
}

extension RealProcess {
    @Suite struct `Metrics` {
        @Test func `count publishes, deliveries, their bytes and their writes`() async throws {
            try await withDaemon { daemon in
                let clients = try (0..<3).map { _ in try Client.subscribed(daemon.port, "/events/a") }
                let id = try publish(daemon.port, "a", "hello")
                for client in clients { _ = try client.event() }
                let size = "id: \(id)\ndata: hello\n\n".utf8.count
                try await eventually("three deliveries are counted") {
                    try metric(daemon.port, "crier_delivered_total") == 3
                }
                #expect(try metric(daemon.port, "crier_published_total") == 1)
                #expect(try metric(daemon.port, "crier_writes_total") == 3)
                // Each in a chunk: its length in hexadecimal digits and two line ends.
                #expect(try metric(daemon.port, "crier_delivered_bytes_total") == 3 * (size + 2 + 4))
                #expect(try metric(daemon.port, "crier_publish_to_write_seconds_count") >= 1)
                #expect(try metric(daemon.port, "crier_history_events") == 1)
                #expect(try metric(daemon.port, "crier_channels") == 1)
            }
        }

        @Test func `have the figures of the groups that the configuration names, and of no other channel`() async throws
        {
            let file = try TemporaryFile(
                """
                [[listen]]
                address = "127.0.0.1:0"
                [[channel]]
                pattern = "prices/**"
                group = "prices"
                [[channel]]
                pattern = "rates/*"
                group = "prices"
                [[channel]]
                pattern = "news"
                group = "news"
                """)
            try await withDaemon(["--config", file.path], listen: []) { daemon in
                let client = try Client.subscribed(daemon.port, "/events?channel=prices/gold&channel=rates/eur")
                for channel in ["prices/gold", "prices/oil", "rates/eur", "unrelated"] {
                    try publish(daemon.port, channel, "1")
                }
                #expect(try metric(daemon.port, "crier_group_channels{group=\"prices\"}") == 3)
                #expect(try metric(daemon.port, "crier_group_subscribers{group=\"prices\"}") == 2)
                #expect(try metric(daemon.port, "crier_group_published_total{group=\"prices\"}") == 3)
                #expect(try metric(daemon.port, "crier_group_published_total{group=\"news\"}") == 0)
                #expect(!(try request(daemon.port, "GET /metrics").body.contains("unrelated")))
                // A reload goes on counting where the group stays, and moves channels to another group.
                try file.write(
                    """
                    [[listen]]
                    address = "127.0.0.1:0"
                    [[channel]]
                    pattern = "prices/**"
                    group = "prices"
                    [[channel]]
                    pattern = "rates/*"
                    group = "rates"
                    """)
                daemon.signal(SIGHUP)
                try await eventually("the new rules are in force") {
                    try request(daemon.port, "GET /config").body.contains("group = \"rates\"")
                }
                try publish(daemon.port, "rates/eur", "2")
                try publish(daemon.port, "prices/gold", "2")
                #expect(try metric(daemon.port, "crier_group_published_total{group=\"prices\"}") == 4)
                #expect(try metric(daemon.port, "crier_group_published_total{group=\"rates\"}") == 1)
                #expect(try metric(daemon.port, "crier_group_subscribers{group=\"rates\"}") == 1)
                #expect(try metric(daemon.port, "crier_group_subscribers{group=\"prices\"}") == 1)
                client.socket.finishSending()
                try await eventually("the subscriber is gone") {
                    try metric(daemon.port, "crier_group_subscribers{group=\"prices\"}") == 0
                }
            }
        }

        @Test func `count the events of a batch for each subscriber, also for one that has a part of them`()
            async throws
        {
            try await withDaemon(
                ["server.loops=1", "history.bytes=64MiB", "history.events=10000"].flatMap { ["--set", $0] }
            ) { daemon in
                let stalled = try Client.subscribed(daemon.port, "/events/a")
                let live = try Client.subscribed(daemon.port, "/events/a")
                var bytes = 0
                let lines = (0..<2000).map { "{\"data\":\"\(String(repeating: "x", count: 4000))\($0)\"}" }
                let answer = try request(
                    daemon.port, "POST /events/a", body: lines.joined(separator: "\n"),
                    fields: ["Content-Type: application/x-ndjson"])
                #expect(answer.status == 200)
                for _ in 0..<2000 { bytes += try live.event().utf8.count + 2 }
                for _ in 0..<2000 { bytes += try stalled.event().utf8.count + 2 }
                try await eventually("every delivery is counted") {
                    try metric(daemon.port, "crier_delivered_total") == 4000
                }
                // A chunk of 0xf80 to 0xfff bytes: three digits and two line ends.
                let framing = 4000 * (3 + 4)
                #expect(try metric(daemon.port, "crier_delivered_bytes_total") == bytes + framing)
            }
        }

        @Test func `say who is behind, who has left and why, and what was refused`() async throws {
            try await withDaemon(["--set", "slow.events=1", "--set", "limits.body=32MiB"]) { daemon in
                let live = try Client.subscribed(daemon.port, "/events/a")
                #expect(try metric(daemon.port, "crier_subscribers{state=\"live\"}") == 1)
                #expect(try metric(daemon.port, "crier_subscribers{state=\"behind\"}") == 0)
                let slow = try Client.subscribed(daemon.port, "/events/b")
                try publish(daemon.port, "b", String(repeating: "x", count: 16 << 20))
                try await eventually("one is behind") {
                    try metric(daemon.port, "crier_subscribers{state=\"behind\"}") == 1
                }
                for _ in 0..<3 { try publish(daemon.port, "b", "x") }
                try await eventually("it is cut off") {
                    try metric(daemon.port, "crier_closed_total{reason=\"slow\"}") == 1
                }
                #expect(try metric(daemon.port, "crier_slow_cuts_total{policy=\"disconnect\"}") == 1)
                #expect(try metric(daemon.port, "crier_subscribers{state=\"behind\"}") == 0)
                withExtendedLifetime(slow) {}
                try request(daemon.port, "DELETE /channels/a")
                _ = try live.readToEnd()
                try await eventually("its end is counted") {
                    try metric(daemon.port, "crier_closed_total{reason=\"ended\"}") == 1
                }
                try request(daemon.port, "GET /nowhere")
                #expect(try metric(daemon.port, "crier_refused_total{reason=\"not_found\"}") == 1)
                _ = try Client.subscribed(daemon.port, "/events/b", lastEventID: "unknown-1")
                try await eventually("a resume and its gap are counted") {
                    try metric(daemon.port, "crier_resumes_total") == 1 && metric(daemon.port, "crier_gaps_total") == 1
                }
            }
        }

        @Test func `survive a restart as the count of restarts`() async throws {
            try await withDaemon { daemon in
                #expect(try metric(daemon.port, "crier_restarts_survived_total") == 0)
                for count in 1...2 {
                    daemon.signal(SIGUSR2)
                    try await eventually("it has restarted") {
                        (try? metric(daemon.port, "crier_restarts_survived_total")) == count
                    }
                }
            }
        }

        @Test func `come in the format that the scraper names`() async throws {
            try await withDaemon { daemon in
                let old = try request(daemon.port, "GET /metrics")
                #expect(old.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
                let open = try request(
                    daemon.port, "GET /metrics",
                    fields: ["Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1"])
                #expect(open.head.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"))
                #expect(open.body.hasSuffix("\n# EOF\n"))
                #expect(try request(daemon.port, "GET /metrics?x=1").status == 400)
                #expect(try request(daemon.port, "POST /metrics", body: "").status == 405)
            }
        }

        @Test func `are for admins when access is controlled`() async throws {
            let settings = """
                [access.anonymous]
                subscribe = ["**"]
                [[access.token]]
                name = "root"
                sha256 = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2"
                admin = true
                """
            let file = try TemporaryFile(settings)
            try await withDaemon(["--config", file.path, "--set", "server.loops=1"]) { daemon in
                #expect(try request(daemon.port, "GET /metrics").status == 401)
                let answer = try request(daemon.port, "GET /metrics", fields: ["Authorization: Bearer root"])
                #expect(answer.status == 200)
                #expect(answer.body.contains("\ncrier_refused_total{reason=\"unauthenticated\"} 1\n"))
                try request(daemon.port, "GET /metrics", fields: ["Authorization: Bearer mallory"])
                let again = try request(daemon.port, "GET /metrics", fields: ["Authorization: Bearer root"])
                #expect(again.body.contains("\ncrier_authentication_failures_total{reason=\"unknown\"} 1\n"))
            }
        }
    }
}
