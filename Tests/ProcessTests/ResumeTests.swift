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
                #expect(others.body.hasPrefix(#"{"published":5000,"#), "\(others)")
                let second = try publish(daemon.port, "mine/2", "second")
                let subscriber = try Client.subscribed(daemon.port, "/events/mine/*", lastEventID: first)
                #expect(try subscriber.event() == "id: \(second)\ndata: second")
                let third = try publish(daemon.port, "mine/3", "third")
                #expect(try subscriber.event() == "id: \(third)\ndata: third")
            }
        }
    }
}
