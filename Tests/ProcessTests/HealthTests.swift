import Glibc
import Kernel
import Testing

extension RealProcess {
    @Suite struct `Health` {
        @Test func `a daemon is ready when an event comes through every loop, and counts nothing of it`() async throws {
            try await withDaemon(["--set", "server.loops=3", "--set", "limits.channels=1"]) { daemon in
                // The limit is used up, and the check must not fail for it.
                try publish(daemon.port, "a", "x")
                let answer = try request(daemon.port, "GET /readyz")
                #expect(answer.status == 200)
                #expect(answer.body.hasPrefix(#"{"ready":true,"checks":{"loops":{"ok":true},"delivery":{"ok":true,"#))
                #expect(try metric(daemon.port, "crier_published_total") == 1)
                #expect(try metric(daemon.port, "crier_delivered_total") == 0)
                try await eventually("its subscribers have left") {
                    try request(daemon.port, "GET /channels/$crier/canary").body.contains(#""subscribers":0"#)
                }
                #expect(try metric(daemon.port, "crier_closed_total{reason=\"client\"}") == 0)
            }
        }

        @Test func `many that ask at once get the answer of one check`() async throws {
            try await withDaemon { daemon in
                let clients = try (0..<200).map { _ in try Client(daemon.port) }
                for client in clients { try client.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n") }
                for client in clients { #expect(try client.answer().status == 200) }
                let channel = try request(daemon.port, "GET /channels/$crier/canary").body
                let last = try #require(channel.firstRange(of: "\"last\":\""))
                let digits = channel[last.upperBound...].prefix { $0 != "\"" }.split(separator: "-").last
                let number = try #require(digits.flatMap { Int($0) })
                #expect(number <= 5)
            }
        }

        @Test func `a daemon that cannot store events is alive, and not ready, and says why`() async throws {
            guard let disk = try SmallDisk(size: "2m") else { return }
            let arguments = ["--set", "history.store=sqlite", "--set", "history.path=\(disk.path)/history.db"]
            try await withDaemon(arguments) { daemon in
                #expect(
                    try request(daemon.port, "GET /readyz").body.contains(#""history":{"ok":true,"store":"sqlite"}"#))
                try disk.fill()
                try await eventually("an event does not fit") {
                    try request(daemon.port, "POST /events/a", body: String(repeating: "x", count: 9000)).status == 503
                }
                try await eventually("the daemon is not ready") {
                    try request(daemon.port, "GET /readyz").status == 503
                }
                let answer = try request(daemon.port, "GET /readyz")
                #expect(answer.body.contains(#""ready":false"#))
                #expect(answer.body.contains(#""history":{"ok":false,"reason":"the event cannot be stored: "#))
                #expect(try request(daemon.port, "GET /healthz").status == 200)
                disk.makeRoom()
                try await eventually("it is ready again") { try request(daemon.port, "GET /readyz").status == 200 }
            }
        }

        @Test func `the state is there for admins`() async throws {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let answer = try request(daemon.port, "GET /debug/state")
                #expect(answer.status == 200)
                #expect(answer.body.contains(#""subscribers":1"#))
                withExtendedLifetime(subscriber) {}
                #expect(try request(daemon.port, "POST /debug/state", body: "").status == 405)
            }
        }
    }
}
