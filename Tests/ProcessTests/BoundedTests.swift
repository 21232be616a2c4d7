import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime(seconds: 300)) struct `A flood of channels` {
        private static let count = isSanitized ? 5_000 : 20_000

        @Test(arguments: [false, true])
        func `with one event each frees its memory and its file once the events expire`(isDurable: Bool) async throws {
            let directory = try TemporaryDirectory()
            let path = "\(directory.path)/history.db"
            let file = try TemporaryFile("[history]\nage = \"1h\"\n")
            var flags = ["--config", file.path, "--set", "server.loops=1"]
            if isDurable { flags += ["--set", "history.store=sqlite", "--set", "history.path=\(path)"] }
            try await withDaemon(flags) { daemon in
                let before = try daemon.anonymousMemory
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n")
                for first in stride(from: 0, to: Self.count, by: 1000) {
                    let lines = (first..<first + 1000).map { #"{"channel":"room/\#($0)","data":"hello"}"# + "\n" }
                        .joined()
                    try client.send("\(String(lines.utf8.count, radix: 16))\r\n\(lines)\r\n")
                }
                try client.send("0\r\n\r\n")
                #expect(try client.answer().body.hasPrefix(#"{"published":\#(Self.count),"#))
                let peak = try daemon.anonymousMemory
                try file.write("[history]\nage = \"1s\"\n")
                daemon.signal(SIGHUP)
                try await eventually("no channel is left") {
                    try request(daemon.port, "GET /channels").body.hasPrefix(#"{"channels":[],"#)
                }
                if !isSanitized {
                    try await eventually("crier has given the memory back", within: 90) {
                        try daemon.anonymousMemory - before < (peak - before) / 3
                    }
                }
                if isDurable {
                    try await eventually("crier has given the file back") { Self.size(of: path) < 512 * 1024 }
                }
            }
        }

        private static func size(of path: String) -> Int {
            var status = stat()
            return unsafe stat(path, &status) == 0 ? Int(status.st_size) : .max
        }

        @Test func `gets 503 beyond limits.channels, while existing channels go on`() async throws {
            try await withDaemon(["--set", "limits.channels=2"]) { daemon in
                try publish(daemon.port, "a", "1")
                let subscriber = try Client.subscribed(daemon.port, "/events/b")
                let refused = try request(daemon.port, "POST /events/c", body: "x")
                #expect(refused.status == 503 && refused.head.contains("Retry-After: 10"))
                #expect(refused.body.contains("There are 2 channels, which is the limit (limits.channels)."))
                #expect(try request(daemon.port, "POST /events?channel=a&channel=c", body: "x").status == 503)
                try publish(daemon.port, "b", "2")
                #expect(try subscriber.event().hasSuffix("data: 2"))
                // A browser would never reconnect after any other status.
                let turnedAway = try Client(daemon.port)
                try turnedAway.send("GET /events/c HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
                #expect(try turnedAway.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(try turnedAway.readToEnd().hasPrefix(":ok\nretry: ") && turnedAway.isComplete)
                #expect(try request(daemon.port, "GET /events/c").status == 503)
                // A pattern does not count as a channel.
                let all = try Client.subscribed(daemon.port, "/events/**")
                try publish(daemon.port, "a", "3")
                #expect(try all.event().hasSuffix("data: 3"))
            }
        }

        @Test func `that are empty and have no subscribers makes room for others`() async throws {
            try await withDaemon(["--set", "limits.channels=1", "--set", "history.events=0"]) { daemon in
                for number in 0..<100 { try publish(daemon.port, "room/\(number)", "x") }
                #expect(try request(daemon.port, "GET /channels").body.hasPrefix(#"{"channels":[],"#))
            }
        }
    }
}
