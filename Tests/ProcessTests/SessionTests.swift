import Glibc
import Kernel
import Testing

/// A client that knows its session.
private struct Session {
    let client: Client
    let id: String

    init(_ port: UInt16, _ target: String = "/events/a?session=hello") throws {
        client = try Client.subscribed(port, target)
        _ = try client.read(until: "event: crier.session\ndata: {\"id\":\"")
        id = String(try client.read(until: "\"").dropLast())
        _ = try client.read(until: "}\n\n")
    }

    func push(_ port: UInt16, _ data: String, _ query: String = "", _ fields: String...) throws -> Answer {
        try request(port, "POST /sessions/\(id)/events\(query)", body: data, fields: fields)
    }
}

/// The ids in a page of sessions.
private func ids(_ page: String) -> [String] {
    page.split(separator: "{\"id\":\"").dropFirst().map { String($0.prefix(32)) }
}

extension RealProcess {
    @Suite struct `Sessions` {
        @Test func `a client that asks learns its session, which shows what the daemon knows of it`() async throws {
            try await withDaemon { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "GET /events?channel=a&channel=b/*&session=hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test/1 \"x\"\r\n\r\n"
                )
                _ = try client.read(until: "event: crier.session\ndata: {\"id\":\"")
                let id = String(try client.read(until: "\"").dropLast())
                let answer = try request(daemon.port, "GET /sessions/\(id)")
                #expect(answer.status == 200)
                for part in [
                    "{\"id\":\"\(id)\",\"address\":\"127.0.0.1\",\"channels\":[\"a\",\"b/*\"],\"state\":\"live\"",
                    #""lag":{"events":0,"bytes":0,"seconds":0},"sent":"#, #""agent":"test/1 \"x\"","token":null"#,
                    #""connection":{"roundTripMicroseconds":"#,
                ] {
                    #expect(answer.body.contains(part), "\(answer.body) has no \(part)")
                }
                let page = try request(daemon.port, "GET /sessions").body
                #expect(ids(page) == [id])
                #expect(page.hasSuffix("\"next\":null}\n"))
                #expect(try request(daemon.port, "GET /sessions/\(String(repeating: "0", count: 32))").status == 404)
                #expect(try request(daemon.port, "GET /sessions/nonsense").status == 404)
                #expect(try request(daemon.port, "GET /events/a?session=mine").status == 400)
            }
        }

        @Test func `pages have every session once, over all loops`() async throws {
            try await withDaemon(["--set", "server.loops=3"]) { daemon in
                let sessions = try (0..<600).map { _ in try Session(daemon.port) }
                var found: [String] = []
                var after = ""
                while true {
                    let page = try request(daemon.port, "GET /sessions\(after)").body
                    found += ids(page)
                    #expect(ids(page).count <= 250)
                    guard let next = page.firstRange(of: "\"next\":\"") else { break }
                    after = "?after=" + String(page[next.upperBound...].prefix { $0 != "\"" })
                }
                #expect(found.count == 600)
                #expect(Set(found) == Set(sessions.map(\.id)))
                #expect(try request(daemon.port, "GET /sessions?after=99-0").status == 400)
                #expect(try request(daemon.port, "GET /sessions?after=x").status == 400)
            }
        }

        @Test func `filters find sessions by channel, address, state and lag, and refuse what they do not know`()
            async throws
        {
            try await withDaemon(["--set", "limits.body=64MiB", "--set", "history.bytes=128MiB"]) { daemon in
                let named = try Session(daemon.port, "/events/a?session=hello")
                let matched = try Session(daemon.port, "/events?channel=b/*&session=hello")
                let stalled = try Session(daemon.port, "/events/big?session=hello")
                for _ in 0..<3 { try publish(daemon.port, "big", String(repeating: "x", count: 16 << 20)) }
                func found(_ query: String) throws -> Set<String> {
                    Set(ids(try request(daemon.port, "GET /sessions?\(query)").body))
                }
                #expect(try found("channel=a") == [named.id])
                #expect(try found("channel=b/1") == [matched.id])
                #expect(try found("channel=b/*") == [matched.id])
                #expect(try found("channel=c") == [])
                #expect(try found("address=127.0.0.1").count == 3)
                #expect(try found("address=127.0.0.2") == [])
                try await eventually("one is behind") { try found("state=behind") == [stalled.id] }
                #expect(try found("state=live") == [named.id, matched.id])
                #expect(try found("min-lag=2") == [stalled.id])
                #expect(try found("min-lag=100") == [])
                let body = try request(daemon.port, "GET /sessions/\(stalled.id)").body
                #expect(body.contains("\"lag\":{\"events\":"), "\(body)")
                #expect(!body.contains("\"lag\":{\"events\":0"))
                for query in ["stat=live", "state=dead", "min-lag=-1", "address=here"] {
                    #expect(try request(daemon.port, "GET /sessions?\(query)").status == 400, "\(query)")
                }
                for query in ["", "?state=live", "?channel=a", "?token=", "?token=a&token=b"] {
                    #expect(try request(daemon.port, "DELETE /sessions\(query)").status == 400, "\(query)")
                }
            }
        }

        @Test func `an event for one session reaches it alone, in every form that a publish has`() async throws {
            try await withDaemon { daemon in
                let session = try Session(daemon.port)
                let other = try Session(daemon.port)
                #expect(try session.push(daemon.port, "plain").body == "{\"session\":\"\(session.id)\"}\n")
                #expect(try session.client.event() == "data: plain")
                #expect(
                    try session.push(daemon.port, "two\nlines", "?event=named&id=7&retry=500&comment=why").status == 200
                )
                #expect(try session.client.event() == ": why\nid: 7\nevent: named\nretry: 500\ndata: two\ndata: lines")
                #expect(try session.push(daemon.port, "", "?comment=only").status == 200)
                _ = try session.push(
                    daemon.port, "{\"data\":\"1\"}\n{\"event\":\"e\",\"data\":{\"a\":2}}\n", "",
                    "Content-Type: application/x-ndjson")
                #expect(try session.client.event() == ": only\ndata: 1")
                #expect(try session.client.event() == "event: e\ndata: {\"a\":2}")
                _ = try session.push(
                    daemon.port, "event: x\ndata: y\n\ndata: z\n\n", "", "Content-Type: text/event-stream")
                #expect(try session.client.event() == "event: x\ndata: y")
                #expect(try session.client.event() == "data: z")
                // None of it is in the log, or went to anybody else.
                try publish(daemon.port, "a", "for all")
                #expect(try other.client.event().hasSuffix("\ndata: for all"))
                #expect(try session.client.event().hasSuffix("\ndata: for all"))
                for (query, body, type) in [
                    ("?key=k", "x", "text/plain"), ("?event=a%0Ab", "x", "text/plain"),
                    ("", "{", "application/x-ndjson"),
                    ("", "{\"data\":\"x\",\"channel\":\"b\"}", "application/x-ndjson"),
                ] {
                    let answer = try session.push(daemon.port, body, query, "Content-Type: \(type)")
                    #expect(answer.status == 400, "\(query) \(body): \(answer)")
                }
                #expect(try request(daemon.port, "GET /sessions/\(session.id)/events").status == 405)
            }
        }

        @Test func `an event for one session comes after what was published before, and before what comes after`()
            async throws
        {
            try await withDaemon { daemon in
                let session = try Session(daemon.port)
                var expected: [String] = []
                for number in 0..<200 {
                    try publish(daemon.port, "a", "p\(number)")
                    #expect(try session.push(daemon.port, "s\(number)").status == 200)
                    expected += ["data: p\(number)", "data: s\(number)"]
                }
                for text in expected { #expect(try session.client.event().hasSuffix(text)) }
            }
        }

        @Test func `an event for a session that catches up comes after all of its backlog`() async throws {
            let arguments = ["history.events=10000", "history.bytes=64MiB", "server.dead-peer=1h"]
            try await withDaemon(arguments.flatMap { ["--set", $0] }) { daemon in
                let lines = (0..<4000).map { "{\"data\":\"\($0) \(String(repeating: "x", count: 1000))\"}\n" }
                let published = try request(
                    daemon.port, "POST /events/a", body: lines.joined(),
                    fields: ["Content-Type: application/x-ndjson"])
                try #require(published.status == 200)
                let session = try Session(daemon.port, "/events/a?session=hello&replay=all")
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 16 * 1024)
                #expect(try session.push(daemon.port, "pushed").status == 200)
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 4 << 20)
                for number in 0..<4000 { #expect(try session.client.event().contains("data: \(number) x")) }
                #expect(try session.client.event() == "data: pushed")
            }
        }

        @Test func `an event for a session costs it no event of a channel that keeps none`() async throws {
            try await withDaemon(["--set", "history.events=0", "--set", "server.loops=1"]) { daemon in
                let session = try Session(daemon.port)
                let others = try (0..<200).map { _ in try Client.subscribed(daemon.port, "/events/a") }
                // Both come in one turn: fan-out has the event, and the log no longer has it.
                let publisher = try Client(daemon.port)
                let pusher = try Client(daemon.port)
                for number in 0..<300 {
                    try publisher.send(
                        "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n\(1000 + number)")
                    try pusher.send(
                        "POST /sessions/\(session.id)/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\ns")
                    #expect(try publisher.answer().status == 200)
                    #expect(try pusher.answer().status == 200)
                    var got = [try session.client.event(), try session.client.event()]
                    got.sort { $0.utf8.count < $1.utf8.count }
                    #expect(got[0] == "data: s")
                    #expect(got[1].hasSuffix("data: \(1000 + number)"))
                }
                withExtendedLifetime(others) {}
            }
        }

        @Test func `events for a session that reads nothing are bounded, and none cuts another event in two`()
            async throws
        {
            let arguments = ["history.bytes=128MiB", "limits.pushes=4KiB", "server.dead-peer=1h"].flatMap {
                ["--set", $0]
            }
            try await withDaemon(arguments) { daemon in
                let session = try Session(daemon.port)
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 16 * 1024)
                let large = String(repeating: "x", count: 1 << 20)
                for _ in 0..<4 { try publish(daemon.port, "a", large) }
                var accepted = 0
                while try session.push(daemon.port, "push \(accepted)").status == 200 {
                    accepted += 1
                    try #require(accepted < 1000)
                }
                let refused = try session.push(daemon.port, "too many")
                #expect(refused.status == 503)
                #expect(refused.body.contains("limits.pushes"))
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 1 << 20)
                for _ in 0..<4 { #expect(try session.client.event().hasSuffix("data: " + large)) }
                for number in 0..<accepted { #expect(try session.client.event() == "data: push \(number)") }
                #expect(try session.push(daemon.port, "room again").status == 200)
                #expect(try session.client.event() == "data: room again")
            }
        }

        @Test func `a session that an operator ends gets crier.end, and its client gets 204 for a while`() async throws
        {
            try await withDaemon { daemon in
                let session = try Session(daemon.port, "/events/a?session=hello")
                let id = try publish(daemon.port, "a", "last")
                _ = try session.client.event()
                let answer = try request(daemon.port, "DELETE /sessions/\(session.id)")
                #expect(answer.body == "{\"session\":\"\(session.id)\"}\n")
                #expect(
                    try session.client.readToEnd().contains("event: crier.end\ndata: {\"session\":\"\(session.id)\"}"))
                #expect(try request(daemon.port, "DELETE /sessions/\(session.id)").status == 404)
                // The client comes back where it was; somebody else is not meant.
                let again = ["Last-Event-ID: \(id)"]
                #expect(try request(daemon.port, "GET /events/a?session=hello", fields: again).status == 204)
                #expect(try request(daemon.port, "GET /events/a", fields: again).status == 204)
                _ = try Client.subscribed(daemon.port, "/events/b", lastEventID: id)
                _ = try Client.subscribed(daemon.port, "/events/a")
                let other = try Client(daemon.port)
                try other.send(
                    "GET /events/a HTTP/1.1\r\nHost: localhost\r\nUser-Agent: other\r\nLast-Event-ID: \(id)\r\n\r\n")
                #expect(try other.read(until: "\r\n").hasPrefix("HTTP/1.1 200 "))
            }
        }

        @Test
        func `a client whose last id was pushed to it, or that never got an event, gets 204 and nobody else does`()
            async throws
        {
            try await withDaemon { daemon in
                let pushed = try Session(daemon.port, "/events/a?session=hello")
                try publish(daemon.port, "a", "before")
                _ = try pushed.client.event()
                #expect(try pushed.push(daemon.port, "x", "?id=mine").status == 200)
                #expect(try pushed.client.event() == "id: mine\ndata: x")
                try request(daemon.port, "DELETE /sessions/\(pushed.id)")
                #expect(try request(daemon.port, "GET /events/a", fields: ["Last-Event-ID: mine"]).status == 204)
                _ = try Client.subscribed(daemon.port, "/events/a", lastEventID: "other")
                let quiet = try Session(daemon.port, "/events/never?session=hello")
                try request(daemon.port, "DELETE /sessions/\(quiet.id)")
                _ = try Client.subscribed(daemon.port, "/events/never", lastEventID: "other")
                #expect(try request(daemon.port, "GET /events/never").status == 204)
            }
        }

        @Test func `a client whose last event is no longer retained gets 204 as well`() async throws {
            try await withDaemon(["--set", "history.events=0"]) { daemon in
                let session = try Session(daemon.port)
                let id = try publish(daemon.port, "a", "gone at once")
                _ = try session.client.event()
                try request(daemon.port, "DELETE /sessions/\(session.id)")
                #expect(try request(daemon.port, "GET /events/a", fields: ["Last-Event-ID: \(id)"]).status == 204)
                _ = try Client.subscribed(daemon.port, "/events/a", lastEventID: id)
            }
        }

        @Test func `a comment or a reconnection time without data is no event`() async throws {
            try await withDaemon { daemon in
                let session = try Session(daemon.port)
                #expect(try session.push(daemon.port, "", "?retry=250&comment=hi").status == 200)
                #expect(try session.push(daemon.port, "", "?retry=300").status == 200)
                #expect(try session.push(daemon.port, "", "?event=e&id=5&comment=c").status == 200)
                #expect(
                    try session.client.read(until: "data: \n\n")
                        == ": hi\nretry: 250\nretry: 300\n: c\nid: 5\nevent: e\ndata: \n\n")
            }
        }

        @Test
        func `a client that has got nothing, or waits in the middle of an event, gets 204 as well, and others do not`()
            async throws
        {
            let arguments = ["limits.body=64MiB", "history.bytes=128MiB"].flatMap { ["--set", $0] }
            try await withDaemon(arguments) { daemon in
                try publish(daemon.port, "a", "before")
                // The times of events have milliseconds.
                let published = Clock.monotonic
                try await eventually("another millisecond has begun") { Clock.monotonic > published + 1 }
                let quiet = try Session(daemon.port, "/events/a?session=hello")
                try request(daemon.port, "DELETE /sessions/\(quiet.id)")
                #expect(try request(daemon.port, "GET /events/a").status == 204)
                let stalled = try Session(daemon.port, "/events/big?session=hello")
                let large = try publish(daemon.port, "big", String(repeating: "x", count: 16 << 20))
                try await eventually("it is behind") {
                    try request(daemon.port, "GET /sessions/\(stalled.id)").body.contains("\"behind\"")
                }
                try request(daemon.port, "DELETE /sessions/\(stalled.id)")
                let again = try request(daemon.port, "GET /events/big", fields: ["Last-Event-ID: \(large)"])
                #expect(again.status == 204)
                // Nobody can tell what a subscriber of a pattern has: one client gets 204, and no second one.
                let matched = try Session(daemon.port, "/events?channel=p/*&session=hello")
                try request(daemon.port, "DELETE /sessions/\(matched.id)")
                #expect(try request(daemon.port, "GET /events?channel=p/*").status == 204)
                _ = try Client.subscribed(daemon.port, "/events?channel=p/*")
            }
        }

        @Test func `a reader that does not take an event of its own is slow`() async throws {
            let arguments = ["slow.age=1s", "history.bytes=128MiB", "limits.pushes=64MiB", "limits.body=64MiB"]
            try await withDaemon(arguments.flatMap { ["--set", $0] }) { daemon in
                let session = try Session(daemon.port)
                #expect(try session.push(daemon.port, String(repeating: "x", count: 16 << 20)).status == 200)
                try publish(daemon.port, "a", "unread")
                try await eventually("it is cut off") {
                    try metric(daemon.port, "crier_closed_total{reason=\"slow\"}") == 1
                }
            }
        }

        @Test func `an event for a session goes out before the session is ended`() async throws {
            let arguments = ["history.bytes=128MiB", "server.dead-peer=1h", "server.shutdown=20s"]
            try await withDaemon(arguments.flatMap { ["--set", $0] }) { daemon in
                let session = try Session(daemon.port)
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 16 * 1024)
                for _ in 0..<4 { try publish(daemon.port, "a", String(repeating: "x", count: 1 << 20)) }
                #expect(try session.push(daemon.port, "good bye").status == 200)
                #expect(try request(daemon.port, "DELETE /sessions/\(session.id)").status == 200)
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 4 << 20)
                #expect(try session.client.readToEnd().contains("data: good bye\n\nevent: crier.end"))
            }
        }

        @Test func `all sessions of an address or of a token end at once`() async throws {
            let settings = """
                [access.anonymous]
                subscribe = ["**"]
                admin = true
                publish = ["**"]
                [[access.token]]
                name = "root"
                sha256 = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2"
                subscribe = ["**"]
                """
            let file = try TemporaryFile(settings)
            try await withDaemon(["--config", file.path, "--set", "server.loops=3"]) { daemon in
                func subscribe(_ fields: String = "") throws -> Client {
                    let client = try Client(daemon.port)
                    try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
                    _ = try client.read(until: "retry: ")
                    return client
                }
                let anonymous = try (0..<20).map { _ in try subscribe() }
                let named = try (0..<20).map { _ in try subscribe("Authorization: Bearer root\r\n") }
                #expect(try request(daemon.port, "DELETE /sessions?token=root").body == "{\"ended\":20}\n")
                for client in named { #expect(try client.readToEnd().contains("crier.end")) }
                try publish(daemon.port, "a", "x")
                for client in anonymous { _ = try client.read(until: "data: x") }
                #expect(try request(daemon.port, "DELETE /sessions?address=127.0.0.1").body == "{\"ended\":20}\n")
                for client in anonymous { #expect(try client.readToEnd().contains("crier.end")) }
            }
        }

        @Test func `sessions are for admins, and a grant that is none sees none`() async throws {
            let settings = """
                [access.anonymous]
                subscribe = ["**"]
                publish = ["**"]
                """
            let file = try TemporaryFile(settings)
            try await withDaemon(["--config", file.path]) { daemon in
                let session = try Session(daemon.port)
                for line in [
                    "GET /sessions", "GET /sessions/\(session.id)", "DELETE /sessions/\(session.id)",
                    "DELETE /sessions?address=127.0.0.1",
                ] {
                    #expect(try request(daemon.port, line).status == 401, "\(line)")
                }
                #expect(try session.push(daemon.port, "x").status == 401)
            }
        }

        @Test func `a session survives a restart with its id, its age and what waits for it`() async throws {
            let arguments = ["history.bytes=128MiB", "server.dead-peer=1h"].flatMap { ["--set", $0] }
            try await withDaemon(arguments) { daemon in
                let session = try Session(daemon.port)
                let since = try request(daemon.port, "GET /sessions/\(session.id)").body.split(separator: "\"since\":")
                    .last
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 16 * 1024)
                let large = String(repeating: "x", count: 1 << 20)
                for _ in 0..<4 { try publish(daemon.port, "a", large) }
                #expect(try session.push(daemon.port, "pushed before").status == 200)
                daemon.signal(SIGUSR2)
                try await eventually("it has restarted") {
                    (try? metric(daemon.port, "crier_restarts_survived_total")) == 1
                }
                let body = try request(daemon.port, "GET /sessions/\(session.id)").body
                #expect(body.split(separator: "\"since\":").last?.prefix(10) == since?.prefix(10))
                try session.client.socket.set(SOL_SOCKET, SO_RCVBUF, 1 << 20)
                for _ in 0..<4 { #expect(try session.client.event().hasSuffix("data: " + large)) }
                #expect(try session.client.event() == "data: pushed before")
            }
        }
    }
}
