import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `A subscriber` {
        @Test func `gets a published event at once, with the id of the receipt`() async throws {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/news")
                let first = try request(daemon.port, "POST /events/news", body: "hello")
                #expect(first.body == "{\"id\":\"\(first.id)\",\"channels\":[\"news\"],\"subscribers\":1}\n")
                #expect(try subscriber.event() == "id: \(first.id)\ndata: hello")
                let second = try publish(daemon.port, "news", "a\nb", query: "?event=add&retry=100")
                #expect(try subscriber.event() == "id: \(second)\nevent: add\nretry: 100\ndata: a\ndata: b")
            }
        }

        @Test func `gets the head and the first bytes before any event`() async throws {
            try await withDaemon(["--set", "server.retry=1s"]) { daemon in
                let client = try Client(daemon.port)
                try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let head = try client.read(until: "\r\n\r\n")
                #expect(
                    head == """
                        HTTP/1.1 200 OK\r
                        Content-Type: text/event-stream; charset=utf-8\r
                        Cache-Control: no-cache, no-store, no-transform\r
                        X-Accel-Buffering: no\r
                        X-Content-Type-Options: nosniff\r
                        Connection: close\r
                        Transfer-Encoding: chunked\r
                        \r

                        """)
                #expect(try client.read(until: "\n") == ":ok\n")
                let retry = try client.read(until: "\n")
                let milliseconds = try #require(Int(retry.dropFirst(7).dropLast()))
                #expect((500...1500).contains(milliseconds))
            }
        }

        @Test func `gets chunks with HTTP/1.1, and bare events with HTTP/1.0`() async throws {
            try await withDaemon { daemon in
                let new = try Client(daemon.port)
                try new.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let old = try Client(daemon.port)
                try old.send("GET /events/a HTTP/1.0\r\n\r\n")
                for client in [new, old] { try client.wait(until: "\nretry: ") }
                try await eventually("both have subscribed") { try subscribers(daemon.port, "a") == 2 }
                let id = try publish(daemon.port, "a", "x")
                try request(daemon.port, "DELETE /channels/a")
                let event = "id: \(id)\ndata: x\n\n"
                let end = "event: crier.end\ndata: {\"channel\":\"a\"}\n\n"
                #expect(try old.readToEnd().hasSuffix("\n\(event)\(end)"))
                let chunks = [event, end, ""].map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
                #expect(try new.readToEnd().hasSuffix("\n\r\n\(chunks)"))
            }
        }

        @Test func `gets envelopes when it asks for them, live and from the history`() async throws {
            try await withDaemon { daemon in
                let live = try Client.subscribed(daemon.port, "/events/news/**?envelope=1")
                let id = try publish(daemon.port, "news/eu", "a\n\"b", query: "?event=add")
                let expected = #"{"channel":"news/eu","event":"add","data":"a\n\"b"}"#
                #expect(try live.event() == "id: \(id)\ndata: \(expected)")
                let late = try Client.subscribed(daemon.port, "/events?channel=x&channel=news/*&envelope=1&replay=all")
                #expect(try late.event() == "id: \(id)\ndata: \(expected)")
                let plain = try Client.subscribed(daemon.port, "/events/news/eu?replay=all&envelope=0")
                #expect(try plain.event() == "id: \(id)\nevent: add\ndata: a\ndata: \"b")
                #expect(try request(daemon.port, "GET /events/a?envelope=yes").status == 400)
            }
        }

        @Test func `of several channels gets the events of all, each once and in order`() async throws {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events?channel=a&channel=b/c&channel=d")
                var expected: [String] = []
                for (number, target) in ["a", "b%2Fc", "x", "d", "a"].enumerated() {
                    let id = try publish(daemon.port, target, "\(number)")
                    if target != "x" { expected.append("id: \(id)\ndata: \(number)") }
                }
                let both = try request(daemon.port, "POST /events?channel=a&channel=d&channel=a", body: "both")
                #expect(both.body.contains("\"channels\":[\"a\",\"d\"],\"subscribers\":2"))
                expected.append("id: \(both.id)\ndata: both")
                let last = try publish(daemon.port, "d", "last")
                expected.append("id: \(last)\ndata: last")
                for event in expected { #expect(try subscriber.event() == event) }
            }
        }

        @Test func `that reconnects gets exactly the events it missed, and then the next ones`() async throws {
            try await withDaemon { daemon in
                var ids: [String] = []
                for number in 0..<300 { ids.append(try publish(daemon.port, "a", "\(number)")) }
                let subscriber = try Client.subscribed(daemon.port, "/events/a", lastEventID: ids[99])
                for number in 300..<330 { ids.append(try publish(daemon.port, "a", "\(number)")) }
                for number in 100..<330 { #expect(try subscriber.event() == "id: \(ids[number])\ndata: \(number)") }
                let byQuery = try Client.subscribed(daemon.port, "/events/a?lastEventId=\(ids[328])")
                #expect(try byQuery.event() == "id: \(ids[329])\ndata: 329")
            }
        }

        @Test func `gets crier.gap when its position is from before a restart`() async throws {
            var old = ""
            try await withDaemon { daemon in old = try publish(daemon.port, "a", "gone") }
            try await withDaemon { daemon in
                let id = try publish(daemon.port, "a", "held")
                let subscriber = try Client.subscribed(daemon.port, "/events/a", lastEventID: old)
                let gap = #"{"requested":"\#(old)","oldest":"\#(id)","newest":"\#(id)","lost":null}"#
                #expect(try subscriber.event() == "event: crier.gap\ndata: \(gap)")
                #expect(try subscriber.event() == "id: \(id)\ndata: held")
            }
        }

        @Test func `gets crier.gap with the number of missing events`() async throws {
            try await withDaemon(["--set", "history.events=5"]) { daemon in
                let first = try publish(daemon.port, "a", "0")
                for number in 1..<20 { try publish(daemon.port, "a", "\(number)") }
                let before = first.replacing("-1", with: "-0")
                let subscriber = try Client.subscribed(daemon.port, "/events/a", lastEventID: before)
                #expect(try subscriber.event().hasSuffix("\"lost\":15}"))
                for number in 15..<20 { #expect(try subscriber.event().hasSuffix("data: \(number)")) }
            }
        }

        @Test func `gets a heartbeat when no event comes, and never inside an event`() async throws {
            try await withDaemon(["--set", "server.heartbeat=1s"]) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                for _ in 0..<2 { #expect(try subscriber.read(until: "\n") == ":\n") }
                let id = try publish(daemon.port, "a", "x")
                #expect(try subscriber.event() == "id: \(id)\ndata: x")
            }
        }

        @Test func `of a deleted channel gets crier.end, and 204 until someone publishes there again`()
            async throws
        {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let both = try Client.subscribed(daemon.port, "/events?channel=a&channel=b")
                try publish(daemon.port, "a", "last")
                #expect(
                    try request(daemon.port, "DELETE /channels/a").body == "{\"channel\":\"a\",\"subscribers\":2}\n")
                let rest = try subscriber.readToEnd()
                #expect(rest.hasSuffix("data: last\n\nevent: crier.end\ndata: {\"channel\":\"a\"}\n\n"))
                #expect(subscriber.isComplete)
                let turnedAway = try request(daemon.port, "GET /events/a", fields: ["Accept: text/event-stream"])
                #expect(turnedAway.status == 204)
                _ = try both.read(until: "event: crier.end\n")
                _ = try both.event()
                let other = try publish(daemon.port, "b", "still here")
                #expect(try both.event() == "id: \(other)\ndata: still here")
                try publish(daemon.port, "a", "again")
                _ = try Client.subscribed(daemon.port, "/events/a")
                #expect(try request(daemon.port, "DELETE /channels/nobody").status == 404)
            }
        }

        @Test func `that is slow when you delete its channel gets every event, and then crier.end`() async throws {
            try await withDaemon(["--set", "history.bytes=64MiB"]) { daemon in
                let single = try Client.subscribed(daemon.port, "/events/a")
                let both = try Client.subscribed(daemon.port, "/events?channel=a&channel=b")
                let data = String(repeating: "x", count: 100_000)
                var ids: [String] = []
                for _ in 0..<40 { ids.append(try publish(daemon.port, "a", data)) }
                try request(daemon.port, "DELETE /channels/a")
                let other = try publish(daemon.port, "b", "b")
                for client in [single, both] {
                    for id in ids { #expect(try client.event() == "id: \(id)\ndata: \(data)") }
                    #expect(try client.event() == "event: crier.end\ndata: {\"channel\":\"a\"}")
                }
                #expect(try single.readToEnd() == "")
                #expect(try both.event() == "id: \(other)\ndata: b")
            }
        }

        @Test(arguments: [false, true])
        func
            `that is behind when its channel is deleted, published to and deleted again gets every event before the first end`(
                _ isDurable: Bool
            ) async throws
        {
            let directory = try TemporaryDirectory()
            let store = ["history.store=sqlite", "history.path=\(directory.path)/history.db"]
            // The event alone exceeds the limit. It stays as the only one, and its end must not push it out.
            let flags = ["history.bytes=64KiB", "limits.unsent=16KiB"] + (isDurable ? store : [])
            try await withDaemon(flags.flatMap { ["--set", $0] }) { daemon in
                let client = try Client(daemon.port)
                try client.socket.set(SOL_SOCKET, SO_RCVBUF, 32 * 1024)
                try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try client.read(until: "\r\n\r\n")
                _ = try client.read(until: "\nretry: ")
                _ = try client.read(until: "\n")
                let data = String(repeating: "x", count: 1_000_000)
                let id = try publish(daemon.port, "a", data)
                // All of them wait for the disk at once.
                let request = "DELETE /channels/a HTTP/1.1\r\nHost: localhost\r\n\r\n"
                let again = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nagain"
                let others = try (0..<6).map { _ in try Client(daemon.port) }
                for (number, other) in others.enumerated() { try other.send(number == 3 ? again : request) }
                for other in others { #expect([200, 404].contains(try other.answer().status)) }
                #expect(try client.event() == "id: \(id)\ndata: \(data)")
                // The event that was published again comes before the end only if it was published before it.
                let end = "event: crier.end\ndata: {\"channel\":\"a\"}\n\n"
                let rest = try client.readToEnd()
                #expect(rest.hasSuffix(end) && rest.split(separator: "crier.end").count == 2 && client.isComplete)
            }
        }

        @Test func `that disconnects is no longer counted, after FIN and after RST`() async throws {
            try await withDaemon { daemon in
                do {
                    let first = try Client.subscribed(daemon.port, "/events/a")
                    let second = try Client.subscribed(daemon.port, "/events?channel=a&channel=b")
                    #expect(try subscribers(daemon.port, "a") == 2)
                    try second.socket.resetWhenClosed()
                    _ = first
                }
                try await eventually("no subscriber is left") { try subscribers(daemon.port, "a") == 0 }
                #expect(try request(daemon.port, "GET /channels").body == "{\"channels\":[],\"next\":null}\n")
            }
        }

        @Test func `is not created by HEAD`() async throws {
            try await withDaemon { daemon in
                let client = try Client(daemon.port)
                try client.send("HEAD /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let answer = try client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"))
                #expect(answer.hasSuffix("\r\n\r\n"))
                #expect(try request(daemon.port, "GET /channels/a").status == 404)
            }
        }

        @Test func `that does not read delays nobody, and is disconnected once its next event has expired`()
            async throws
        {
            try await withDaemon(
                ["--set", "history.bytes=1MiB"],
                log: {
                    #expect($0.contains { $0.contains("a slow subscriber was cut off") && $0.contains("lag=history") })
                }
            ) { daemon in
                let stalled = try Client.subscribed(daemon.port, "/events/a")
                try stalled.socket.set(SOL_SOCKET, SO_RCVBUF, 4096)
                let healthy = try Client.subscribed(daemon.port, "/events/a")
                let before = try daemon.anonymousMemory
                let data = String(repeating: "x", count: 64 * 1024)
                for _ in 0..<100 {
                    let id = try publish(daemon.port, "a", data)
                    #expect(try healthy.event() == "id: \(id)\ndata: \(data)")
                }
                if !isSanitized { #expect(try daemon.anonymousMemory < before + 16 * 1024) }
                // It can still read the bytes that the kernel had taken for it.
                let slow = stalled
                _ = try? slow.readToEnd()
                try await eventually("crier has disconnected it") { try subscribers(daemon.port, "a") == 1 }
            }
        }
    }

    @Suite(.endsInTime()) struct `A publisher` {
        @Test func `may reuse its connection and pipeline requests`() async throws {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let publisher = try Client(daemon.port)
                let one = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"
                let chunked =
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n1\r\n2\r\n0\r\n\r\n"
                try publisher.send(one + "1" + chunked + one + "3")
                for data in ["1", "22", "3"] {
                    let answer = try publisher.answer()
                    #expect(answer.status == 200 && answer.head.contains("Connection: keep-alive"))
                    #expect(try subscriber.event().hasSuffix("id: \(answer.id)\ndata: \(data)"))
                }
            }
        }

        @Test func `that expects 100-continue gets it, or gets the refusal before it sends the body`() async throws {
            try await withDaemon { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try client.send("hi")
                #expect(try client.answer().status == 200)
                try client.send(
                    "POST /events/$x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try client.answer().status == 403)
            }
        }

        @Test func `may use HTTP/1.0, and gets its answer after it has shut down its side`() async throws {
            try await withDaemon { daemon in
                let client = try Client(daemon.port)
                try client.send("POST /events/a HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
                client.socket.finishSending()
                let answer = try client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("Connection: close\r\n"))
            }
        }

        @Test func `publishes 256 KiB in one event, over IPv6 and a Unix socket too`() async throws {
            let path = "/tmp/crier-process-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
            try await withDaemon(listen: ["127.0.0.1:0", "[::1]:0", "unix:\(path)=publish"]) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let data = String(repeating: "0123456789abcde\n", count: 16 * 1024)
                let expected = data.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)" }
                    .joined(separator: "\n")
                let request = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(data.utf8.count)\r\n\r\n"
                for client in 0..<3 {
                    let publisher =
                        switch client {
                        case 0: try Client(daemon.port)
                        case 1: try Client(daemon.ports[1], host: "::1")
                        default: try Client(path: path)
                        }
                    try publisher.send(request + data)
                    let id = try publisher.answer().id
                    #expect(try subscriber.event() == "id: \(id)\n\(expected)")
                }
                let stranger = try Client(path: path)
                try stranger.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try stranger.answer().status == 404)
            }
            let isThere = unsafe access(path, F_OK) == 0
            #expect(!isThere, "crier deletes the socket file when it stops")
        }

        @Test func `gets 400 for an invalid event, and may go on`() async throws {
            try await withDaemon { daemon in
                let client = try Client(daemon.port)
                let head = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"
                try client.send(Array(head.utf8) + [0xC3, 0x28])
                let refused = try client.answer()
                #expect(refused.status == 400)
                #expect(
                    refused.body
                        == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"The data is not valid UTF-8."}"#
                        + "\n")
                #expect(refused.head.contains("Content-Type: application/problem+json"))
                try client.send(head + "ok")
                #expect(try client.answer().status == 200)
            }
        }
    }
}
