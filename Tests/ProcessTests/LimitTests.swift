import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime(seconds: 120)) struct `A limit on memory` {
        private static let deep = (1...17).map(String.init).joined(separator: "/")

        @Test func `on segments refuses names and patterns with more of them, wherever they stand`() async throws {
            try await withDaemon { daemon in
                for target in ["/events/\(Self.deep)", "/events?channel=\(Self.deep)", "/events/\(Self.deep)/**"] {
                    let refused = try request(daemon.port, "GET \(target)")
                    #expect(refused.status == 400 && refused.body.contains("more than 16 segments"), "\(refused)")
                    #expect(refused.body.contains("(limits.segments)"))
                }
                #expect(try request(daemon.port, "POST /events/\(Self.deep)", body: "x").status == 400)
                let envelope = #"{"channel":"\#(Self.deep)","data":1}"#
                let refused = try request(
                    daemon.port, "POST /events", body: envelope, fields: ["Content-Type: application/json"])
                #expect(refused.status == 400 && refused.body.contains("Event 1: The channel name has more than 16"))
                let allowed = (1...16).map(String.init).joined(separator: "/")
                #expect(try request(daemon.port, "POST /events/\(allowed)", body: "x").status == 200)
            }
        }

        @Test func `on patterns tells browsers to reconnect later, while known patterns go on`() async throws {
            try await withDaemon(["--set", "limits.patterns=2"]) { daemon in
                do {
                    let first = try Client.subscribed(daemon.port, "/events?channel=a/*&channel=b/*")
                    let same = try Client.subscribed(daemon.port, "/events/a/*")
                    let turnedAway = try Client(daemon.port)
                    try turnedAway.send(
                        "GET /events/c/* HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
                    #expect(try turnedAway.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(try turnedAway.readToEnd().hasPrefix(":ok\nretry: ") && turnedAway.isComplete)
                    #expect(try request(daemon.port, "GET /events/c/*").status == 503)
                    try publish(daemon.port, "a/1", "x")
                    #expect(try first.event().hasSuffix("data: x"))
                    #expect(try same.event().hasSuffix("data: x"))
                }
                try await eventually("there is room for another pattern") {
                    let client = try Client.subscribed(daemon.port, "/events/c/*")
                    try publish(daemon.port, "c/1", "y")
                    return (try? client.event())?.hasSuffix("data: y") == true
                }
            }
        }

        @Test func `on bodies refuses what would exceed it, and is free again when their publishers have left`()
            async throws
        {
            try await withDaemon(
                ["limits.body=64KiB", "limits.bodies=64KiB", "server.loops=1"].flatMap { ["--set", $0] }
            ) { daemon in
                // One read each, so that none of these is still arriving when the next request comes.
                let unfinished = String(repeating: "x", count: 28_000)
                var publishers: [Client] = []
                for type in ["text/plain", "application/x-ndjson", "text/event-stream"] {
                    let client = try Client(daemon.port)
                    try client.send(
                        "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n"
                            + "Content-Length: 60000\r\n\r\n" + unfinished)
                    publishers.append(client)
                }
                try await eventually("the bodies are counted") {
                    try request(daemon.port, "POST /events/b", body: unfinished).status == 503
                }
                let refused = try request(daemon.port, "POST /events/b", body: unfinished)
                #expect(
                    refused.body.contains("All bodies in progress have 65536 bytes")
                        && refused.body.contains("limits.bodies"))
                #expect(refused.head.contains("Retry-After: 1"))
                try publish(daemon.port, "b", "a small one has room")
                #expect(publishers.count == 3)
                publishers = []
                try await eventually("the bodies are no longer counted") {
                    try request(daemon.port, "POST /events/b", body: unfinished).status == 200
                }
                // What is answered is not in progress.
                let client = try Client(daemon.port)
                for _ in 0..<5 {
                    try client.send(
                        "POST /events/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 28000\r\n\r\n" + unfinished)
                    #expect(try client.answer().status == 200)
                }
            }
        }

        @Test(arguments: ["application/x-ndjson", "text/event-stream"])
        func `on an event in a streaming body is its time`(type: String) async throws {
            try await withDaemon(["--set", "limits.body-timeout=300ms"]) { daemon in
                let client = try Client(daemon.port)
                let (whole, part) =
                    type == "text/event-stream"
                    ? ("data: one\n\n", "data: two\n") : ("{\"data\":\"one\"}\n", "{\"data\":")
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n\(String(whole.utf8.count, radix: 16))\r\n\(whole)\r\n")
                // Between two events a body may rest as long as it likes: longer than another whose event is incomplete.
                let other = try Client(daemon.port)
                try other.send(
                    "POST /events/b HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nContent-Length: 100\r\n\r\n"
                        + part)
                #expect(try other.answer().status == 408)
                try client.send("\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n")
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.body.contains("The rest of an event did not come in time."))
                #expect(answer.body.contains("\"published\":1"))
            }
        }

        @Test func `on remembered answers is in bytes too, and forgets the oldest first`() async throws {
            try await withDaemon(["--set", "history.idempotency-bytes=4KiB"]) { daemon in
                let isKnown = try Self.knownKeys(daemon, "/events/a", keys: 20)
                #expect(try isKnown(19) && !isKnown(0))
            }
        }

        @Test func `on remembered answers counts the names of channels in them`() async throws {
            let flags = ["history.idempotency-bytes=64KiB", "history.idempotency-keys=10000"]
            try await withDaemon(flags.flatMap { ["--set", $0] }) { daemon in
                // Each answer has 6 KiB of names.
                let names = (0..<30).map { "channel=\(String(repeating: "n", count: 200))\($0)" }
                let isKnown = try Self.knownKeys(daemon, "/events?" + names.joined(separator: "&"), keys: 20)
                #expect(try isKnown(19) && !isKnown(5))
            }
        }

        /// Publishes once with each of some keys.
        ///
        /// - Returns: tells whether crier still knows a key, so that it refuses another event with it.
        private static func knownKeys(
            _ daemon: Daemon, _ target: String, keys: Int
        ) throws -> (_ key: Int) throws -> Bool {
            func status(_ key: Int, _ data: String) throws -> Int {
                try request(daemon.port, "POST \(target)", body: data, fields: ["Idempotency-Key: \(key)"]).status
            }
            for key in 0..<keys {
                let status = try status(key, "x")
                #expect(status == 200)
            }
            return { key in
                let status = try status(key, "another")
                #expect([200, 422].contains(status))
                return status == 422
            }
        }
    }
}
