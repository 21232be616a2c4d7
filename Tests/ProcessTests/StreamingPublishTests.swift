import Glibc
import Kernel
import Testing
import TimeLimits

/// A publisher whose body goes on until `finish()`.
private struct Body {
    let client: Client

    init(_ port: UInt16, _ target: String, _ type: String = "application/x-ndjson") throws {
        client = try Client(port)
        try client.send(
            "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    func send(_ text: String) throws { try client.send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n") }

    func finish() throws -> Answer {
        try client.send("0\r\n\r\n")
        return try client.answer()
    }
}

extension RealProcess {
    @Suite(.endsInTime()) struct `A body that is published as it comes` {
        private static func settings(_ directory: TemporaryDirectory?) -> [String] {
            guard let directory else { return [] }
            return ["--set", "history.store=sqlite", "--set", "history.path=\(directory.path)/history.db"]
        }

        @Test func `may be another server's stream with fields that the standard ignores, which the answer counts`()
            async throws
        {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/mirror")
                let body = try Body(daemon.port, "/events/mirror", "text/event-stream")
                try body.send(":ok\nretry: 1000x\nid: a\u{0}b\ndata: one\n\n")
                #expect(try subscriber.event().hasSuffix("\ndata: one"))
                let answer = try body.finish()
                #expect(answer.status == 200 && answer.body.hasSuffix(",\"ignored\":2}\n"), "\(answer)")
            }
        }

        @Test(arguments: [false, true])
        func `reaches subscribers line by line, in any pieces, and is counted at the end`(isDurable: Bool) async throws
        {
            let directory = isDurable ? try TemporaryDirectory() : nil
            try await withDaemon(Self.settings(directory)) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/**")
                let body = try Body(daemon.port, "/events")
                try body.send(
                    #"{"channel":"a","data":"one"}"# + "\n" + #"{"channels":["b","c/d"],"event":"e","id":"7","#)
                #expect(try subscriber.event().hasSuffix("\ndata: one"))
                try body.send(#""data":{"n":[1, 2]},"retry":10}"# + "\r\n\n")
                #expect(try subscriber.event() == #"id: 7"# + "\nevent: e\nretry: 10\n" + #"data: {"n":[1, 2]}"#)
                for byte in #"{"channel":"a","data":"l\u00e4st\n2"}"# { try body.send(String(byte)) }
                let answer = try body.finish()
                #expect(answer.status == 200 && answer.body.hasPrefix(#"{"published":3,"first":""#), "\(answer)")
                #expect(try subscriber.event().hasSuffix("\ndata: läst\ndata: 2"))
                // The connection stays open.
                try body.client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try body.client.answer().body == "ok\n")
            }
        }

        @Test func `may be an event stream`() async throws {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let body = try Body(daemon.port, "/events/a", "text/event-stream; charset=utf-8")
                try body.send(
                    "\u{FEFF}: comment\nretry: 5\n\nid: 1\r\nevent: x\r\nunknown: y\r\ndata: one\r\ndata:two\r\n\r")
                try body.send("\ndata\n\ndata: la")
                #expect(try subscriber.event() == "id: 1\nevent: x\ndata: one\ndata: two")
                #expect(try subscriber.event().hasSuffix("\ndata: "))
                try body.send("st\n\n")
                #expect(try body.finish().body.hasPrefix(#"{"published":3,"first":"1","#))
                #expect(try subscriber.event().hasSuffix("\ndata: last"))
                let cut = try Body(daemon.port, "/events/a", "text/event-stream")
                try cut.send("data: x\n\ndata: y\n")
                let answer = try cut.finish()
                #expect(answer.status == 400 && answer.body.contains(#""detail":"Line 4: The stream ends before"#))
                #expect(answer.body.contains(#""published":1"#))
            }
        }

        @Test(arguments: [false, true])
        func `ends at a bad line with its number, and the lines before it stay published`(isDurable: Bool) async throws
        {
            let directory = isDurable ? try TemporaryDirectory() : nil
            try await withDaemon(Self.settings(directory)) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                for (line, reason) in [
                    (#"{"data":"x""#, "This is not JSON: a comma or a closing bracket is missing at byte 12."),
                    (#"{"data":1,"data":2}"#, #"The member \"data\" is repeated."#),
                    (#"{"dat":1}"#, #"Unknown member \"dat\""#), (#"[1]"#, "An event is an object"),
                    (#"{"event":"x"}"#, #"\"data\" is missing."#),
                    (#"{"data":1,"event":"a\nb"}"#, "The event contains a line break"),
                    (#"{"data":1,"channel":"b"}"#, "The channel is named twice"),
                    (#"{"data":1,"id":7}"#, #"\"id\" must be a string."#),
                    (#"{"data":"\ud800"}"#, "half of a surrogate pair"),
                    (#"{"data":01}"#, "a number that begins with 0"),
                    (String(repeating: "[", count: 100), "values within more than 64 others"),
                ] {
                    let body = try Body(daemon.port, "/events/a")
                    try body.send(#"{"data":"before"}"# + "\n\n" + line + "\n" + #"{"data":"after"}"# + "\n")
                    let answer = try body.client.answer()
                    #expect(answer.status == 400, "\(answer)")
                    #expect(answer.body.contains("\"detail\":\"Line 3: ") && answer.body.contains(reason), "\(answer)")
                    #expect(
                        answer.body.contains("The events before it stay published: 1 event,")
                            && answer.body.contains(#""published":1"#))
                    #expect(answer.head.contains("Connection: close"))
                    #expect(try subscriber.event().hasSuffix("\ndata: before"))
                }
                let summary = try request(daemon.port, "GET /channels/a").body
                #expect(summary.contains(#""events":11,"#), "\(summary)")
            }
        }

        @Test func `may be longer than limits.body, but each event may not`() async throws {
            try await withDaemon(["--set", "limits.body=1KiB"]) { daemon in
                let line = #"{"data":"\#(String(repeating: "x", count: 900))"}"# + "\n"
                let all = String(repeating: line, count: 500)
                let whole = try request(
                    daemon.port, "POST /events/a", body: all, fields: ["Content-Type: application/x-ndjson"])
                #expect(whole.body.hasPrefix(#"{"published":500,"#), "\(whole)")
                let body = try Body(daemon.port, "/events/a")
                try body.send(line + #"{"data":""# + String(repeating: "x", count: 2000))
                let answer = try body.client.answer()
                #expect(answer.status == 400 && answer.body.contains("Line 2: The event is longer than 1024 bytes."))
                #expect(try request(daemon.port, "POST /events/a", body: all).status == 413)
            }
        }

        @Test func `stays open without input beyond the time limits`() async throws {
            try await withDaemon(["--set", "limits.body-timeout=100ms", "--set", "limits.idle-timeout=100ms"]) {
                daemon in
                let body = try Body(daemon.port, "/events/a")
                // crier gives up on a body with a length meanwhile, but not on the lines.
                let other = try Client(daemon.port)
                try other.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
                #expect(try other.answer().status == 408)
                try body.send(#"{"data":1}"# + "\n")
                #expect(try body.finish().body.hasPrefix(#"{"published":1,"#))
            }
        }

        @Test func `from a client that disconnects stays published up to the last whole line`() async throws {
            try await withDaemon { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                for isReset in [false, true] {
                    let body = try Body(daemon.port, "/events/a")
                    try body.send(#"{"data":"whole"}"# + "\n" + #"{"data":"half"#)
                    #expect(try subscriber.event().hasSuffix("\ndata: whole"))
                    if isReset { try body.client.socket.resetWhenClosed() }
                }
                try publish(daemon.port, "a", "next")
                #expect(try subscriber.event().hasSuffix("\ndata: next"))
            }
        }

        @Test(arguments: [false, true])
        func `gets 503 with its count when crier stops`(isDurable: Bool) async throws {
            let directory = isDurable ? try TemporaryDirectory() : nil
            try await withDaemon(Self.settings(directory), end: .stoppedByTest) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let body = try Body(daemon.port, "/events/a")
                try body.send(#"{"data":1}"# + "\n" + #"{"data":2}"# + "\n")
                for number in 1...2 { #expect(try subscriber.event().hasSuffix("data: \(number)")) }
                daemon.signal(SIGTERM)
                let answer = try body.client.answer()
                #expect(answer.status == 503 && answer.body.contains(#""published":2"#), "\(answer)")
            }
        }

        @Test(arguments: [SIGTERM, SIGUSR2], [false, true])
        func `that never pauses holds up neither a stop nor a restart, and what it was told is published`(
            signal: Int32, isDurable: Bool
        ) async throws {
            let directory = isDurable ? try TemporaryDirectory() : nil
            let end: DaemonEnd = signal == SIGTERM ? .stoppedByTest : .stopped
            try await withDaemon(Self.settings(directory), end: end) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let body = try Body(daemon.port, "/events/a")
                let chunk = "d\r\n" + #"{"data":"xy"}"# + "\r\n1\r\n\n\r\n"
                let sender = try Sender(body.client.socket, String(repeating: chunk, count: 1_000_000))
                _ = try subscriber.event()
                daemon.signal(signal)
                let answer = try body.client.answer()
                #expect(answer.status == 503, "\(answer)")
                let published = try #require(
                    answer.body.split(separator: #""published":"#).last?.split(separator: ",").first)
                var count = 1
                while let event = try? subscriber.event(), event.hasSuffix("\ndata: xy") {
                    count += 1
                    if count == Int(published) { break }
                }
                #expect(String(count) == published)
                try body.client.socket.resetWhenClosed()
                sender.join()
            }
        }

        @Test func `that is never finished does not keep other streams from a clean end when crier stops`() async throws
        {
            // Nobody is disconnected for being late.
            try await withDaemon(["--set", "server.shutdown=1h"], end: .stoppedByTest) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let other = try Client(daemon.port)
                try other.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nx")
                _ = try request(daemon.port, "GET /healthz")
                daemon.signal(SIGTERM)
                #expect(try subscriber.readToEnd().hasPrefix("retry: ") && subscriber.isComplete)
            }
        }

        @Test func `waits in TCP while fan-out is behind, and loses nothing`() async throws {
            let flags = [
                "limits.fanout-backlog=4KiB", "history.events=1000000", "history.bytes=1GiB", "server.loops=2",
            ]
            try await withDaemon(flags.flatMap { ["--set", $0] }) { daemon in
                let subscribers = try (0..<20).map { _ in try Client.subscribed(daemon.port, "/events/a") }
                let body = try Body(daemon.port, "/events/a")
                let data = String(repeating: "x", count: 1000)
                for first in stride(from: 0, to: 1000, by: 100) {
                    try body.send((first..<first + 100).map { #"{"data":"\#($0) \#(data)"}"# + "\n" }.joined())
                }
                #expect(try body.finish().body.hasPrefix(#"{"published":1000,"#))
                for subscriber in subscribers {
                    for number in 0..<1000 {
                        try #require(try subscriber.event().hasSuffix("\ndata: \(number) \(data)"))
                    }
                }
            }
        }
    }

    @Suite(.endsInTime()) struct `An envelope` {
        private static let json = ["Content-Type: application/json"]

        @Test func `or an array of them is published whole or not at all`() async throws {
            try await withDaemon { daemon in
                let one = try request(
                    daemon.port, "POST /events", body: #" {"channel":"a","data":"x","key":"k"} "#, fields: Self.json)
                #expect(one.status == 200 && one.body.hasPrefix(#"{"id":""#) && one.body.contains(#""channels":["a"]"#))
                let two = try request(
                    daemon.port, "POST /events", body: #"[{"channel":"a","data":1},{"channel":"b","data":null}]"#,
                    fields: Self.json)
                #expect(two.body.hasPrefix(#"{"published":2,"first":""#), "\(two)")
                let bad = try request(
                    daemon.port, "POST /events", body: #"[{"channel":"a","data":1},{"channel":"$b","data":2}]"#,
                    fields: Self.json)
                #expect(bad.status == 400 && bad.body.contains("Event 2: Channels whose name starts with $"), "\(bad)")
                #expect(try request(daemon.port, "GET /channels/a").body.contains(#""events":2,"#))
                for (body, reason) in [
                    ("[]", "There is no event in the array."), ("", "a value is missing"),
                    ("[1,]", "An event is an object"),
                    (#"{"data":1}"#, #"\"channel\" or \"channels\" is missing"#),
                    (#"{"channels":[],"data":1}"#, "is missing"),
                    (#"{"channel":"a","data":1} x"#, "something follows the end"),
                    (
                        "[" + Array(repeating: #"{"channel":"a","data":1}"#, count: 1001).joined(separator: ",") + "]",
                        "more than 1000 events"
                    ),
                ] {
                    let answer = try request(daemon.port, "POST /events", body: body, fields: Self.json)
                    #expect(answer.status == 400 && answer.body.contains(reason), "\(answer)")
                }
                // JSON is ordinary data when the URL names the channel.
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                #expect(try request(daemon.port, "POST /events/a", body: #"{"x":1}"#, fields: Self.json).status == 200)
                #expect(try subscriber.event().hasSuffix(#"data: {"x":1}"#))
            }
        }
    }

    @Suite(.endsInTime()) struct `An idempotency key` {
        private static func post(_ port: UInt16, _ key: String, _ body: String, _ target: String = "/events/a") throws
            -> Answer
        {
            try request(port, "POST \(target)", body: body, fields: ["Idempotency-Key: \(key)"])
        }

        @Test func `gets the first receipt again and publishes nothing twice`() async throws {
            try await withDaemon { daemon in
                let first = try Self.post(daemon.port, "k-1", "x")
                #expect(try Self.post(daemon.port, "\"k-1\"", "x").body == first.body)
                #expect(try Self.post(daemon.port, "k-1", "y").status == 422)
                #expect(try Self.post(daemon.port, "k-1", "x", "/events/b").status == 422)
                #expect(try Self.post(daemon.port, "k-2", "x").body != first.body)
                #expect(try Self.post(daemon.port, "", "x").status == 400)
                #expect(try Self.post(daemon.port, String(repeating: "k", count: 256), "x").status == 400)
                #expect(try Self.post(daemon.port, "k-4\r\nIdempotency-Key: k-5", "x").status == 400)
                #expect(try request(daemon.port, "GET /channels/a").body.contains(#""events":2,"#))
                let stream = try request(
                    daemon.port, "POST /events/a", body: "",
                    fields: ["Idempotency-Key: k", "Content-Type: text/event-stream"])
                #expect(stream.status == 400)
            }
        }

        @Test func `works again after a refused publish`() async throws {
            try await withDaemon(["--set", "limits.channels=1"]) { daemon in
                try publish(daemon.port, "b", "x")
                #expect(try Self.post(daemon.port, "k", "x").status == 503)
                #expect(try request(daemon.port, "DELETE /channels/b").status == 200)
                #expect(try Self.post(daemon.port, "k", "x", "/events/b").status == 200)
            }
        }
    }

    @Suite(.endsInTime()) struct `A stream of a pattern` {
        @Test func `begins where the URL says, and resumes after the last event of the client`() async throws {
            try await withDaemon { daemon in
                var ids: [String] = []
                for number in 0..<5 { ids.append(try publish(daemon.port, "a/\(number % 2)", "\(number)")) }
                let newest = try Client.subscribed(daemon.port, "/events/a/*?replay=2")
                for number in 3..<5 { #expect(try newest.event().hasSuffix("data: \(number)")) }
                let resumed = try Client.subscribed(
                    daemon.port, "/events?channel=a/%2A&channel=**&replay=all", lastEventID: ids[2])
                for number in 3..<5 { #expect(try resumed.event().hasSuffix("data: \(number)")) }
                let since = try Client.subscribed(daemon.port, "/events/a/0?since=1h")
                for number in [0, 2, 4] { #expect(try since.event().hasSuffix("data: \(number)")) }
                for client in [newest, resumed] {
                    try publish(daemon.port, "a/new", "live")
                    #expect(try client.event().hasSuffix("data: live"))
                    break
                }
                for query in ["replay=some", "replay=-1", "since=yesterday", "since=1h&replay=2", "since="] {
                    #expect(try request(daemon.port, "GET /events/a?\(query)").status == 400, "\(query)")
                }
                #expect(try request(daemon.port, "GET /events/a*").status == 400)
                #expect(try request(daemon.port, "GET /events/**/a").status == 400)
                #expect(try request(daemon.port, "POST /events/a/*", body: "x").status == 400)
            }
        }
    }
}
