import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `An evicted event` {
        @Test func `stays deleted after a full disk and a restart`() async throws {
            guard let disk = try SmallDisk(size: "2m") else { return }
            let store = ["history.store=sqlite", "history.path=\(disk.path)/history.db"]
            try await withDaemon((store + ["history.events=3"]).flatMap { ["--set", $0] }) { daemon in
                for number in 1...6 { try publish(daemon.port, "a", "\(number)") }
                try disk.fill()
                let large = String(repeating: "x", count: 500_000)
                #expect(try request(daemon.port, "POST /events/a", body: large).status == 503)
                disk.makeRoom()
                try await eventually("there is room") {
                    try request(daemon.port, "POST /events/a", body: "7").status == 200
                }
            }
            try await withDaemon(store.flatMap { ["--set", $0] }) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a?replay=all")
                for number in 5...7 { #expect(try subscriber.event().hasSuffix("\ndata: \(number)")) }
            }
        }

        @Test func `is deleted alone, and not with the events of other channels around it`() async throws {
            let directory = try TemporaryDirectory()
            let file = try TemporaryFile(
                """
                [history]
                store = "sqlite"
                path = "\(directory.path)/history.db"
                memory = "0B"
                [[channel]]
                pattern = "short"
                events = 1
                """)
            try await withDaemon(["--config", file.path]) { daemon in
                let pairs = (1...5).map { #"{"channel":"short","data":\#($0)},{"channel":"long","data":\#($0)}"# }
                let answer = try request(
                    daemon.port, "POST /events", body: "[\(pairs.joined(separator: ","))]",
                    fields: ["Content-Type: application/json"])
                #expect(answer.status == 200, "\(answer)")
            }
            try await withDaemon(["--config", file.path]) { daemon in
                let long = try Client.subscribed(daemon.port, "/events/long?replay=all")
                for number in 1...5 { #expect(try long.event().hasSuffix("\ndata: \(number)")) }
                let short = try Client.subscribed(daemon.port, "/events/short?replay=all")
                #expect(try short.event().hasSuffix("\ndata: 5"))
            }
        }
    }
}
