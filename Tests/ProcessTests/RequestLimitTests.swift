import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `The limit on incomplete requests` {
        private static let settings = ["--set", "limits.incomplete-requests=2", "--set", "server.loops=1"]

        @Test func `refuses one more, whether a head or a body is incomplete, and is free again when they have left`()
            async throws
        {
            try await withDaemon(Self.settings) { daemon in
                do {
                    let head = try Client(daemon.port)
                    try head.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n")
                    let body = try Client(daemon.port)
                    try body.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab")
                    // The loop reads them in the order in which they came.
                    let third = try Client(daemon.port)
                    try third.send("POST /events/a HTTP/1.1\r\n")
                    let answer = try third.answer()
                    #expect(answer.status == 503 && answer.body.contains("(limits.incomplete-requests)"), "\(answer)")
                    #expect(answer.head.contains("Retry-After: 1"))
                    // Complete requests are served, and so are the incomplete ones, when their rest comes.
                    try publish(daemon.port, "a", "x")
                    try body.send("cde")
                    #expect(try body.answer().status == 200)
                    try head.send("\r\n")
                    #expect(try head.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                }
                for _ in 0..<3 {
                    let client = try Client(daemon.port)
                    try client.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
                    // With its answer, the loop has read what came before.
                    try publish(daemon.port, "b", "x")
                    try client.send("b")
                    #expect(try client.answer().status == 200)
                }
            }
        }

        @Test func `does not count a body that crier publishes as it arrives`() async throws {
            try await withDaemon(Self.settings) { daemon in
                var publishers: [Client] = []
                for number in 0..<4 {
                    let subscriber = try Client.subscribed(daemon.port, "/events/\(number)")
                    let client = try Client(daemon.port)
                    try client.send(
                        "POST /events/\(number) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n11\r\n{\"data\":\"\(number)--\"}\n\r\n")
                    #expect(try subscriber.event().hasSuffix("data: \(number)--"))
                    publishers.append(client)
                }
                #expect(publishers.count == 4)
            }
        }
    }

    @Suite(.endsInTime()) struct `The least rate` {
        @Test(arguments: [
            "HTTP/1.1\r\nHost: localhost\r\n", "HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\nx",
        ])
        func `refuses a head or a body that comes more slowly, long before its time is over`(rest: String) async throws
        {
            let settings = ["limits.head-rate=1KiB", "limits.body-rate=1KiB", "limits.head-timeout=10m"]
            try await withDaemon(settings.flatMap { ["--set", $0] } + ["--set", "limits.body-timeout=1h"]) { daemon in
                let client = try Client(daemon.port)
                try client.send("POST /events/a \(rest)")
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.body.contains("limits.head-rate"), "\(answer)")
            }
        }

        @Test func `lets a body take its time that comes fast enough, up to limits.body-timeout`() async throws {
            let settings = ["limits.body-rate=10B", "limits.body-timeout=4s"]
            try await withDaemon(settings.flatMap { ["--set", $0] }) { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
                        + String(repeating: "x", count: 500))
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.body.contains("did not come in time"), "\(answer)")
            }
        }

        @Test func `counts for an event of a body that crier publishes as it arrives, and not between two events`()
            async throws
        {
            let settings = ["limits.body-rate=1KiB", "limits.body-timeout=1h"]
            try await withDaemon(settings.flatMap { ["--set", $0] }) { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                        + "Content-Length: 5000\r\n\r\n{\"data\":1}\n")
                // Another, of which only the event is slow, is refused while the first rests.
                let slow = try Client(daemon.port)
                try slow.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                        + "Content-Length: 5000\r\n\r\n{\"data\":")
                #expect(try slow.answer().status == 408)
                try client.send("{\"data\":2}\n{")
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.body.contains("\"published\":2"), "\(answer)")
            }
        }
    }

    @Suite(.endsInTime()) struct `The limit on replay` {
        @Test func `ends the stream, and a client that reconnects gets the rest without a loss`() async throws {
            let settings = ["limits.replay=300KiB", "history.events=100000", "history.bytes=100MiB", "server.retry=1s"]
            try await withDaemon(settings.flatMap { ["--set", $0] }) { daemon in
                let data = String(repeating: "x", count: 4000)
                let lines = (0..<500).map { "{\"id\":\"\($0)\",\"data\":\"\(data)\"}\n" }.joined()
                let answer = try request(
                    daemon.port, "POST /events/a", body: lines, fields: ["Content-Type: application/x-ndjson"])
                #expect(answer.status == 200)
                var (last, streams, seen): (String?, Int, [String]) = (nil, 0, [])
                while seen.count < 500, streams < 20 {
                    streams += 1
                    let client = try Client(daemon.port)
                    let field = last.map { "Last-Event-ID: \($0)\r\n" } ?? ""
                    try client.send("GET /events/a?replay=all HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n")
                    _ = try client.read(until: "\r\n\r\n")
                    // The last stream stays open.
                    while seen.count < 500 {
                        let block = try client.event()
                        if block.contains("limits.replay") { break }
                        seen += block.split(separator: "\n").filter { $0.hasPrefix("id: ") }.map {
                            String($0.dropFirst(4))
                        }
                    }
                    last = seen.last
                    if seen.count < 500 { #expect(try client.readToEnd().contains("retry: ") && client.isComplete) }
                }
                #expect(seen == (0..<500).map(String.init))
                #expect((4...8).contains(streams), "\(streams)")
            }
        }

        @Test func `may be a few bytes, of which each connection gets one event`() async throws {
            try await withDaemon(["--set", "limits.replay=1B"]) { daemon in
                for number in 0..<3 { try publish(daemon.port, "a", "\(number)") }
                let client = try Client(daemon.port)
                try client.send("GET /events/a?replay=all HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let stream = try client.readToEnd()
                #expect(stream.contains("data: 0\n") && !stream.contains("data: 1\n"), "\(stream)")
            }
        }

        @Test func `does not end the stream of a subscriber that is slow after it was live`() async throws {
            let settings = [
                "limits.replay=64KiB", "limits.unsent=4KiB", "history.events=100000", "history.bytes=100MiB",
            ]
            try await withDaemon(settings.flatMap { ["--set", $0] }) { daemon in
                let client = try Client.subscribed(daemon.port, "/events/a")
                try client.socket.set(SOL_SOCKET, SO_RCVBUF, 128 * 1024)
                // More than the kernel holds for one connection.
                let data = String(repeating: "x", count: 100_000)
                for _ in 0..<30 { try publish(daemon.port, "a", data) }
                for _ in 0..<30 { #expect(try client.event().hasSuffix(data)) }
                try publish(daemon.port, "a", "last")
                #expect(try client.event().hasSuffix("data: last"))
            }
        }
    }
}
