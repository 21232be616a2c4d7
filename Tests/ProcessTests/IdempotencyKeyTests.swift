import Glibc
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `A publisher that sends an idempotency key again` {
        private static func store(_ directory: String, _ settings: String...) -> [String] {
            (["history.store=sqlite", "history.path=\(directory)/history.db"] + settings).flatMap { ["--set", $0] }
        }

        private static func send(_ port: UInt16, _ key: String, _ data: String = "x") throws -> Answer {
            try request(port, "POST /events/a", body: data, fields: ["Idempotency-Key: \(key)"])
        }

        @Test func `publishes again once the window has passed, after a restart too`() async throws {
            let directory = try TemporaryDirectory()
            var first = ""
            try await withDaemon(Self.store(directory.path, "history.idempotency-window=100ms")) { daemon in
                first = try Self.send(daemon.port, "older").body
                let newer = try Self.send(daemon.port, "newer").body
                try await eventually("crier has forgotten the newer key, and so the older one") {
                    try Self.send(daemon.port, "newer").body != newer
                }
            }
            // The default window is ten minutes.
            try await withDaemon(Self.store(directory.path)) { daemon in
                let again = try Self.send(daemon.port, "older")
                #expect(again.status == 200 && again.body != first)
                #expect(try Self.send(daemon.port, "older").body == again.body)
            }
        }

        @Test func `publishes once the full disk has room again`() async throws {
            guard let disk = try SmallDisk(size: "2m") else { return }
            try await withDaemon(Self.store(disk.path)) { daemon in
                try publish(daemon.port, "a", "before")
                try disk.fill()
                let large = String(repeating: "x", count: 500_000)
                for _ in 0..<2 {
                    let refused = try Self.send(daemon.port, "k", large)
                    #expect(
                        refused.status == 503 && refused.body.contains("The event cannot be stored: "), "\(refused)")
                }
                disk.makeRoom()
                var receipt = ""
                try await eventually("there is room") {
                    let answer = try Self.send(daemon.port, "k", large)
                    receipt = answer.body
                    return answer.status == 200
                }
                #expect(try Self.send(daemon.port, "k", large).body == receipt)
            }
        }
    }
}
