import Glibc
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `A subscriber that resumes` {
        @Test func `by a pattern goes live after many events of other channels`() async throws {
            try await withDaemon(["--set", "history.events=10000"]) { daemon in
                let first = try publish(daemon.port, "mine/1", "first")
                // More than the daemon looks at in one go.
                let lines = String(repeating: #"{"data":"x"}"# + "\n", count: 5000)
                let others = try request(
                    daemon.port, "POST /events/others/1", body: lines, fields: ["Content-Type: application/x-ndjson"])
                let epoch = first.dropLast(2)
                let summary = #"{"published":5000,"first":"\#(epoch)-2","last":"\#(epoch)-5001"}"#
                #expect(others.body.hasPrefix(summary), "\(others)")
                let second = try publish(daemon.port, "mine/2", "second")
                let subscriber = try Client.subscribed(daemon.port, "/events/mine/*", lastEventID: first)
                #expect(try subscriber.event() == "id: \(second)\ndata: second")
                let third = try publish(daemon.port, "mine/3", "third")
                #expect(try subscriber.event() == "id: \(third)\ndata: third")
            }
        }

        @Test func `from disk gets its events even when many others wait for the disk`() async throws {
            let directory = try TemporaryDirectory()
            let arguments = [
                "--set", "history.store=sqlite", "--set", "history.path=\(directory.path)/history.db",
                "--set", "history.memory=0", "--set", "server.loops=1",
            ]
            try await withDaemon(arguments) { daemon in
                let first = try publish(daemon.port, "a", "0")
                var expected = ""
                for number in 1...20 {
                    let id = try publish(daemon.port, "a", "\(number)")
                    expected += "id: \(id)\ndata: \(number)\n\n"
                }
                // Stopped, so that all of them ask at once: only some may wait for the disk at a time.
                daemon.signal(SIGSTOP)
                let clients = try (0..<60).map { _ in try Client(daemon.port) }
                for client in clients {
                    try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: \(first)\r\n\r\n")
                }
                daemon.signal(SIGCONT)
                for client in clients {
                    _ = try client.read(until: "\r\n\r\n")
                    #expect(try client.read(until: "data: 20\n\n").hasSuffix(expected))
                }
                let last = try publish(daemon.port, "a", "last")
                for client in clients { #expect(try client.event() == "id: \(last)\ndata: last") }
            }
        }
    }
}
