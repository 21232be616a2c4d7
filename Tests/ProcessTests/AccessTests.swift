import Glibc
import Kernel
import Testing
import TimeLimits

/// A daemon's rules, and tokens for them.
private final class Rules {
    let secret: TemporaryFile
    let file: TemporaryFile
    private let listen: String
    private let further: String

    /// - Parameters:
    ///   - listen: further lines of the listener.
    ///   - further: further tables.
    init(listen: String = "", _ further: String = "") throws {
        (self.listen, self.further) = (listen, further)
        secret = try TemporaryFile(String(repeating: "a secret of the test ", count: 4))
        file = try TemporaryFile("")
        try file.write(text)
    }

    private var text: String {
        """
        [[listen]]
        address = "127.0.0.1:0"
        \(listen)
        [access]
        leeway = "0s"
        cookie = "crier"
        query-token = true
        [access.anonymous]
        subscribe = ["public/**"]
        [[access.jwt]]
        secret = "\(secret.path)"
        [[access.token]]
        name = "root"
        sha256 = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2"
        subscribe = ["**"]
        publish = ["**"]
        admin = true
        \(further)
        """
    }

    /// The static token that may do everything.
    static let root = "root"

    func mint(_ flags: String..., expires: String = "1h") async throws -> String {
        let made = try await crier(["token", "mint", "--secret", secret.path, "--expires", expires] + flags)
        try #require(made.code == 0, "\(made.error)")
        return String(made.output.dropLast())
    }

    func run(_ flags: [String] = [], log: ([String]) throws -> Void = { _ in }, _ body: (Daemon) async throws -> Void)
        async throws
    {
        try await withDaemon(["--config", file.path] + flags, listen: [], log: log, body)
    }
}

private func bearer(_ token: String) -> String { "Authorization: Bearer \(token)" }

private func stream(_ port: UInt16, _ target: String, _ token: String?) throws -> Client {
    let client = try Client(port)
    let field = token.map { bearer($0) + "\r\n" } ?? ""
    try client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\(field)\r\n")
    let head = try client.read(until: "\r\n\r\n")
    try #require(head.hasPrefix("HTTP/1.1 200"), "\(head)")
    _ = try client.read(until: "\nretry: ")
    _ = try client.read(until: "\n")
    return client
}

extension RealProcess {
    @Suite(.endsInTime()) struct `A caller` {
        @Test
        func `without a token gets 401, and with one that grants too little 403, also for channels that do not exist`()
            async throws
        {
            let rules = try Rules()
            let reader = try await rules.mint("--subscribe", "news/**")
            try await rules.run { daemon in
                try #require(
                    try request(daemon.port, "POST /events/secret", body: "x", fields: [bearer(Rules.root)]).status
                        == 200)
                for (line, body) in [
                    ("GET /events/secret", nil), ("GET /events/absent", nil), ("HEAD /events/secret", nil),
                    ("POST /events/secret", "x"), ("POST /events/absent", "x"), ("GET /channels", nil),
                    ("GET /channels/secret", nil), ("GET /channels/absent", nil), ("DELETE /channels/secret", nil),
                    ("GET /config", nil), ("GET /events/secret/**", nil),
                    ("POST /events", "{\"channel\":\"secret\",\"data\":1}"),
                ] as [(String, String?)] {
                    let json = "Content-Type: application/json"
                    let none = try Self.status(daemon.port, line, body, [json])
                    #expect(
                        none.0 == 401 && none.1.contains("WWW-Authenticate: Bearer realm=\"crier\""), "\(line) \(none)")
                    let little = try Self.status(daemon.port, line, body, [json, bearer(reader)])
                    #expect(little.0 == 403, "\(line) \(little)")
                    #expect(little.1.contains { $0.contains("insufficient_scope") }, "\(line)")
                }
                #expect(try request(daemon.port, "GET /healthz").status == 200)
                #expect(try request(daemon.port, "OPTIONS /events/secret").status == 204)
            }
        }

        private static func status(
            _ port: UInt16, _ line: String, _ body: String?, _ fields: [String]
        ) throws -> (Int, [String]) {
            let client = try Client(port)
            var head = "\(line) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            head += fields.map { $0 + "\r\n" }.joined()
            if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
            try client.send(head + "\r\n" + (body ?? ""))
            let lines = try client.read(until: "\r\n\r\n").split(separator: "\r\n").map(String.init)
            return (Int(lines[0].split(separator: " ")[1]) ?? 0, lines)
        }

        @Test func `that shows a bad token gets 401 with the reason, also where no token is needed`() async throws {
            let rules = try Rules()
            let good = try await rules.mint("--subscribe", "public/**")
            try await rules.run { daemon in
                let bad = try request(daemon.port, "GET /events/public/a", fields: [bearer(good + "AAAA")])
                #expect(bad.status == 401)
                #expect(bad.head.contains { $0.contains("error=\"invalid_token\", error_description=\"The signature") })
                #expect(bad.body.contains("\"detail\":\"The signature of the token is wrong.\""))
                _ = try stream(daemon.port, "/events/public/a", nil)
                _ = try stream(daemon.port, "/events/public/a", good)
            }
        }

        @Test func `learns its grant, and nothing of the configuration unless it may administer`() async throws {
            let rules = try Rules()
            try await rules.run { daemon in
                let token = try await rules.mint("--subscribe", "a/**", "--publish", "b", "--name", "joe")
                func show(_ target: String, _ token: String?) throws -> Answer {
                    try request(daemon.port, "GET \(target)", fields: token.map { [bearer($0)] } ?? [])
                }
                let own = try show("/access", token)
                #expect(
                    own.body.hasPrefix(
                        #"{"controlled":true,"roles":["subscribe","publish","admin"],"name":"joe","subscribe":["a/**","public/**"],"#
                            + #""publish":["b"],"admin":false,"expires":"#), "\(own.body)")
                let anonymous = try show("/access", nil)
                #expect(
                    anonymous.body.contains(
                        #""name":null,"subscribe":["public/**"],"publish":[],"admin":false,"expires":null"#))
                #expect(try show("/access", "nonsense").status == 401)
                #expect(try show("/config", token).status == 403)
                #expect(try show("/config", nil).status == 401)
                let configuration = try show("/config", Rules.root)
                #expect(configuration.status == 200)
                #expect(configuration.body.contains("[[access.token]]"))
                #expect(!configuration.body.contains("4813494d"))
                // The page itself has nothing of the daemon: it asks for a token.
                #expect(try show("/", nil).status == 200)
            }
        }

        @Test func `of a pattern gets only the events that its grant covers, old and new ones`() async throws {
            let rules = try Rules()
            let token = try await rules.mint("--subscribe", "news/*", "--subscribe", "a/b")
            try await rules.run { daemon in
                func publish(_ channels: String, _ data: String) throws {
                    let answer = try request(
                        daemon.port, "POST /events?\(channels)", body: data, fields: [bearer(Rules.root)])
                    try #require(answer.status == 200)
                }
                try publish("channel=news/eu", "old")
                try publish("channel=secret", "old secret")
                try publish("channel=a/b&channel=secret", "old of both")
                let client = try stream(daemon.port, "/events/**?replay=all&envelope=1", token)
                try publish("channel=news/eu/x", "too deep")
                try publish("channel=secret&channel=public/p", "new")
                var seen: [String] = []
                for _ in 0..<3 { seen.append(try client.event()) }
                #expect(seen[0].hasSuffix(#"data: {"channel":"news/eu","event":"message","data":"old"}"#), "\(seen)")
                #expect(
                    seen[1].hasSuffix(#"data: {"channel":"a/b","event":"message","data":"old of both"}"#), "\(seen)")
                #expect(seen[2].hasSuffix(#"data: {"channel":"public/p","event":"message","data":"new"}"#), "\(seen)")
            }
        }

        @Test func `that may publish and not read does not learn how many subscribers there are`() async throws {
            let rules = try Rules()
            let writer = try await rules.mint("--publish", "**")
            let both = try await rules.mint("--publish", "**", "--subscribe", "a")
            try await rules.run { daemon in
                let reader = try stream(daemon.port, "/events/a", Rules.root)
                defer { withExtendedLifetime(reader) {} }
                for (channel, token, count) in [("a", writer, "null"), ("b", writer, "null"), ("a", both, "1")] {
                    let answer = try request(daemon.port, "POST /events/\(channel)", body: "x", fields: [bearer(token)])
                    #expect(answer.body.contains("\"subscribers\":\(count)}"), "\(answer)")
                }
            }
        }

        @Test func `that publishes lines keeps those before the first that its grant does not cover`() async throws {
            let rules = try Rules()
            let writer = try await rules.mint("--publish", "a")
            try await rules.run { daemon in
                let lines =
                    "{\"channel\":\"a\",\"data\":\"1\"}\n\n{\"channel\":\"b\",\"data\":\"2\"}\n{\"channel\":\"a\",\"data\":\"3\"}\n"
                let answer = try request(
                    daemon.port, "POST /events", body: lines,
                    fields: [bearer(writer), "Content-Type: application/x-ndjson"])
                #expect(answer.status == 403)
                #expect(answer.body.contains("Line 3: The grant does not cover publishing to \\\"b\\\"."))
                #expect(answer.body.contains("\"published\":1"))
                let array = "[{\"channel\":\"a\",\"data\":\"1\"},{\"channel\":\"b\",\"data\":\"2\"}]"
                let all = try request(
                    daemon.port, "POST /events", body: array,
                    fields: [bearer(writer), "Content-Type: application/json"])
                #expect(all.status == 403 && all.body.contains("Event 2: "), "\(all)")
                let listed = try request(daemon.port, "GET /channels/a", fields: [bearer(Rules.root)])
                #expect(listed.body.contains("\"events\":1"))
            }
        }

        @Test func `can send several requests at once, and gets the answers in their order`() async throws {
            let rules = try Rules()
            let tokens = [
                try await rules.mint("--publish", "a"), try await rules.mint("--publish", "b"), "nonsense", Rules.root,
            ]
            try await rules.run { daemon in
                let client = try Client(daemon.port)
                for token in tokens {
                    try client.send(
                        "POST /events?channel=a HTTP/1.1\r\nHost: localhost\r\n\(bearer(token))\r\nExpect: 100-continue\r\n"
                            + "Content-Length: 1\r\n\r\n")
                    // Whoever may not publish need not send the body.
                    let head = try client.read(until: "\r\n\r\n")
                    if head.hasPrefix("HTTP/1.1 100") { try client.send("x") } else { break }
                    #expect(try client.answer().status == 200)
                }
                let pipelined = try Client(daemon.port)
                for token in [tokens[0], tokens[3], tokens[0]] {
                    try pipelined.send(
                        "POST /events/a HTTP/1.1\r\nHost: localhost\r\n\(bearer(token))\r\nContent-Length: 1\r\n\r\nx")
                }
                try pipelined.send("GET /channels HTTP/1.1\r\nHost: localhost\r\n\(bearer(tokens[1]))\r\n\r\n")
                for status in [200, 200, 200, 403] { #expect(try pipelined.answer().status == status) }
            }
        }

        @Test func `cannot use up the idempotency keys of another one`() async throws {
            let rules = try Rules()
            let (joe, eve) = (
                try await rules.mint("--publish", "**", "--name", "joe"),
                try await rules.mint("--publish", "**", "--name", "eve")
            )
            try await rules.run { daemon in
                func publish(_ token: String, _ data: String) throws -> Answer {
                    try request(
                        daemon.port, "POST /events/a", body: data, fields: [bearer(token), "Idempotency-Key: order-1"])
                }
                #expect(try publish(eve, "evil").status == 200)
                let first = try publish(joe, "paid")
                #expect(first.status == 200)
                #expect(try publish(joe, "paid").id == first.id)
                #expect(try publish(joe, "other").status == 422)
            }
        }
    }

    @Suite(.endsInTime()) struct `A token` {
        @Test func `comes in a field, in a cookie or in the query, and two that differ are refused`() async throws {
            let rules = try Rules(listen: "origins = [\"https://app.example\"]")
            let (token, other) = (try await rules.mint("--subscribe", "a"), try await rules.mint("--subscribe", "**"))
            try await rules.run { daemon in
                func head(_ query: String, _ fields: String...) throws -> String {
                    let client = try Client(daemon.port)
                    let lines = fields.map { $0 + "\r\n" }.joined()
                    try client.send("GET /events/a\(query) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n")
                    return try client.read(until: "\r\n\r\n")
                }
                #expect(try head("", bearer(token)).hasPrefix("HTTP/1.1 200"))
                #expect(try head("", "authorization: bearer \(token)").hasPrefix("HTTP/1.1 200"))
                #expect(try head("", "Cookie: x=1; crier=\(token); y=2").hasPrefix("HTTP/1.1 200"))
                #expect(try head("", "Cookie: xcrier=\(token)").hasPrefix("HTTP/1.1 401"))
                let query = try head("?token=\(token)")
                #expect(query.hasPrefix("HTTP/1.1 200") && query.contains("\r\nReferrer-Policy: no-referrer\r\n"))
                #expect(try head("?token=\(token)", bearer(token), "Cookie: crier=\(token)").hasPrefix("HTTP/1.1 200"))
                #expect(try head("?token=\(token)", bearer(other)).hasPrefix("HTTP/1.1 400"))
                #expect(try head("", bearer(token), "Cookie: crier=\(other)").hasPrefix("HTTP/1.1 400"))
                #expect(try head("", "Cookie: crier=\(token); crier=\(other)").hasPrefix("HTTP/1.1 400"))
                #expect(try head("?token=\(token)&token=\(other)").hasPrefix("HTTP/1.1 400"))
                #expect(try head("", bearer(token), bearer(token)).hasPrefix("HTTP/1.1 400"))
                // A proxy's password is not for crier.
                #expect(try head("", "Authorization: Basic eDp5").hasPrefix("HTTP/1.1 401"))
            }
        }

        @Test func `in a cookie publishes only for a page of a listed origin`() async throws {
            let rules = try Rules(listen: "origins = [\"https://app.example\"]")
            try await rules.run { daemon in
                let cookie = "Cookie: crier=\(Rules.root)"
                for (fields, status) in [
                    ([cookie, "Origin: https://app.example"], 200), ([cookie], 403),
                    ([cookie, "Origin: http://localhost"], 403), ([cookie, "Sec-Fetch-Site: same-origin"], 403),
                    ([cookie, "Origin: https://evil.example"], 403), ([cookie, bearer(Rules.root)], 200),
                ] {
                    let answer = try request(daemon.port, "POST /events/a", body: "x", fields: fields)
                    #expect(answer.status == status, "\(fields) \(answer)")
                }
                #expect(try request(daemon.port, "DELETE /channels/a", fields: [cookie]).status == 403)
                #expect(try request(daemon.port, "GET /channels", fields: [cookie]).status == 200)
            }
        }

        @Test
        func
            `in the query is an unknown parameter unless the configuration allows it, and no answer or log line has it`()
            async throws
        {
            let rules = try Rules()
            let token = try await rules.mint("--subscribe", "a")
            let check: ([String]) throws -> Void = { lines in
                #expect(!lines.contains { $0.contains(token) || $0.contains("not-a-token") }, "\(lines)")
            }
            try await rules.run(["--set", "access.query-token=false", "--set", "server.log-level=debug"], log: check) {
                daemon in
                let answer = try request(daemon.port, "GET /events/a?token=\(token)")
                #expect(answer.status == 400 && !answer.body.contains(token), "\(answer)")
            }
            try await rules.run(["--set", "server.log-level=debug"], log: check) { daemon in
                for target in ["/events/a?token=not-a-token", "/events/b?token=\(token)", "/channels?token=\(token)"] {
                    let answer = try request(daemon.port, "GET \(target)")
                    #expect(answer.status == 401 || answer.status == 403)
                    #expect(!"\(answer) \(answer.head)".contains(token) && !"\(answer)".contains("not-a-token"))
                }
            }
        }

        @Test func `that ends, ends its stream with crier.expired, and the stream of another one goes on`() async throws
        {
            let rules = try Rules()
            let long = try await rules.mint("--subscribe", "a")
            try await rules.run { daemon in
                let short = try await rules.mint("--subscribe", "a", expires: "2s")
                let (ending, lasting) = (
                    try stream(daemon.port, "/events/a", short), try stream(daemon.port, "/events/a", long)
                )
                let root = bearer(Rules.root)
                try request(daemon.port, "POST /events/a", body: "1", fields: [root])
                #expect(try ending.event().hasSuffix("data: 1"))
                #expect(try ending.event() == "event: crier.expired\ndata: {\"reason\":\"expired\"}")
                _ = try ending.readToEnd()
                #expect(ending.isComplete)
                #expect(try request(daemon.port, "GET /events/a", fields: [bearer(short)]).body.contains("has expired"))
                try request(daemon.port, "POST /events/a", body: "2", fields: [root])
                _ = try lasting.event()
                #expect(try lasting.event().hasSuffix("data: 2"))
            }
        }

        @Test func `that ends, ends the publishing of a request that is still open`() async throws {
            let rules = try Rules()
            try await rules.run { daemon in
                let short = try await rules.mint("--publish", "a", expires: "2s")
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\n\(bearer(short))\r\n"
                        + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{\"data\":\"1\"}\n\r\n"
                )
                try await eventually("the token expires") {
                    try request(daemon.port, "POST /events/a", body: "x", fields: [bearer(short)]).status == 401
                }
                try client.send("d\r\n{\"data\":\"2\"}\n\r\n")
                let answer = try client.answer()
                #expect(answer.status == 401 && answer.body.contains("\"published\":1"), "\(answer)")
            }
        }

        @Test func `whose key a reload removes, loses its stream, and others keep theirs`() async throws {
            let rules = try Rules()
            let token = try await rules.mint("--subscribe", "a")
            try await rules.run { daemon in
                let (ending, lasting) = (
                    try stream(daemon.port, "/events/a", token), try stream(daemon.port, "/events/a", Rules.root)
                )
                try rules.secret.write(String(repeating: "another secret ", count: 5))
                daemon.signal(SIGHUP)
                #expect(try ending.event() == "event: crier.expired\ndata: {\"reason\":\"revoked\"}")
                #expect(try request(daemon.port, "GET /events/a", fields: [bearer(token)]).status == 401)
                try request(daemon.port, "POST /events/a", body: "1", fields: [bearer(Rules.root)])
                #expect(try lasting.event().hasSuffix("data: 1"))
            }
        }

        @Test func `is asked for again when a reload comes between the head and the rest of a request`() async throws {
            let rules = try Rules()
            let token = try await rules.mint("--subscribe", "a", "--publish", "a")
            try await rules.run { daemon in
                let witness = try stream(daemon.port, "/events/a", token)
                let requests = ["GET /events/a", "POST /events/a"]
                let held = try requests.map { line in
                    let client = try Client(daemon.port)
                    try client.send(
                        "\(line) HTTP/1.1\r\nHost: localhost\r\n\(bearer(token))\r\nContent-Length: 1\r\n\r\n")
                    return client
                }
                // The heads have been read once a later request of each kind is answered.
                try request(daemon.port, "POST /events/a", body: "1", fields: [bearer(token)])
                _ = try witness.event()
                try rules.secret.write(String(repeating: "another secret ", count: 5))
                daemon.signal(SIGHUP)
                #expect(try witness.event().contains("crier.expired"))
                for (client, line) in zip(held, requests) {
                    try client.send("x")
                    let answer = try client.answer()
                    #expect(answer.status == 401 && answer.body.contains("no longer in force"), "\(line): \(answer)")
                }
            }
        }

        @Test func `is needed by a publish that began before there were rules`() async throws {
            let file = try TemporaryFile("[[listen]]\naddress = \"127.0.0.1:0\"\n")
            // With one loop all of the daemon has the rules at the same moment.
            try await withDaemon(["--config", file.path, "--set", "server.loops=1"], listen: []) { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\nd\r\n{\"data\":\"1\"}\n\r\n")
                try file.write("[[listen]]\naddress = \"127.0.0.1:0\"\n[access.anonymous]\nsubscribe = [\"b\"]\n")
                daemon.signal(SIGHUP)
                try await eventually("the rules are in force") {
                    try request(daemon.port, "POST /events/b", body: "x").status == 401
                }
                try client.send("d\r\n{\"data\":\"2\"}\n\r\n")
                let answer = try client.answer()
                #expect(answer.status == 401 && answer.body.contains("\"published\":1"), "\(answer)")
            }
        }

        @Test func `is needed by streams that began before there were rules`() async throws {
            let file = try TemporaryFile("[[listen]]\naddress = \"127.0.0.1:0\"\n")
            // With one loop all of the daemon has the rules at the same moment.
            try await withDaemon(["--config", file.path, "--set", "server.loops=1"], listen: []) { daemon in
                let client = try Client.subscribed(daemon.port, "/events/a")
                try file.write("[[listen]]\naddress = \"127.0.0.1:0\"\n[access.anonymous]\nsubscribe = [\"b\"]\n")
                daemon.signal(SIGHUP)
                #expect(try client.event() == "event: crier.expired\ndata: {\"reason\":\"revoked\"}")
                #expect(try request(daemon.port, "GET /events/a").status == 401)
                #expect(try request(daemon.port, "POST /events/a", body: "x").status == 401)
            }
        }

        @Test func `goes with the commands, as a text, in a file or in the environment`() async throws {
            let rules = try Rules()
            let token = try TemporaryFile(Rules.root + "\n")
            try await rules.run { daemon in
                let url = ["--url", "http://127.0.0.1:\(daemon.port)"]
                #expect(try await crier(["publish"] + url + ["a", "x"]).code == 1)
                #expect(try await crier(["publish"] + url + ["--token", Rules.root, "a", "1"]).code == 0)
                #expect(try await crier(["publish"] + url + ["--token-file", token.path, "a", "2"]).code == 0)
                let lines = try await crier(
                    ["publish"] + url + ["--lines", "a"], input: "3\n", environment: ["CRIER_TOKEN": Rules.root])
                #expect(lines.code == 0, "\(lines.error)")
                let read = try await crier(
                    ["subscribe"] + url + [
                        "--token-file", token.path, "--replay", "all", "--count", "3", "--format", "data", "a",
                    ])
                #expect(read.output == "1\n2\n3\n", "\(read.error)")
                let none = try await crier(["subscribe"] + url + ["a"])
                #expect(none.code == 1 && none.error.contains("401 Unauthorized: This needs a token"), "\(none.error)")
            }
        }
    }

    @Suite(.endsInTime()) struct `A grant of many patterns` {
        @Test func `limits the patterns of a subscription, because the loop compares them all`() async throws {
            let rules = try Rules()
            let token = try await rules.mint("--name", "x", "--subscribe", "**")
            let patterns = (0..<90).flatMap { ["--subscribe", "p\($0)/**"] }
            let flags = ["token", "mint", "--secret", rules.secret.path] + patterns
            let wide = String(try await crier(flags).output.dropLast())
            try await rules.run { daemon in
                let query = (0..<100).map { "channel=p\($0)/*" }.joined(separator: "&")
                let refused = try request(daemon.port, "GET /events?\(query)", fields: [bearer(wide)])
                #expect(refused.status == 400 && refused.body.contains("at most 21 patterns"), "\(refused)")
                _ = try stream(daemon.port, "/events?\(query)", token)
            }
        }
    }

    @Suite(.endsInTime()) struct `The rules of access` {
        @Test func `let users of this machine in by a Unix socket, and nobody by TCP`() async throws {
            let path = "/tmp/crier-peer-\(getpid()).sock"
            for (line, isIn) in [
                ("users = [\"\(getuid())\"]", true), ("groups = [\"\(getgid())\"]", true),
                ("users = [\"4242\"]", false),
            ] {
                let rules = try Rules("[access.peer]\n\(line)\npublish = [\"**\"]")
                try await withDaemon(["--config", rules.file.path], listen: ["127.0.0.1:0", "unix:\(path)"]) { daemon in
                    let client = try Client(path: path)
                    try client.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
                    #expect(try client.answer().status == (isIn ? 200 : 401), "\(line)")
                    #expect(try request(daemon.port, "POST /events/a", body: "x").status == 401)
                    let reader = try Client(path: path)
                    try reader.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    #expect(try reader.answer().status == (isIn ? 403 : 401), "\(line)")
                }
            }
        }

        @Test func `are needed for a listener that others can reach, and the message shows how to set up a token`()
            async throws
        {
            let refused = try await crier("serve", "--listen", "0.0.0.0:0")
            #expect(refused.code == 78)
            for line in ["[[access.token]]", "name = \"publisher\"", "sha256 = \"…\"", "publish = [\"**\"]"] {
                #expect(refused.error.split(separator: "\n").contains { $0.hasSuffix(line) }, "\(refused.error)")
            }
            let rules = try Rules()
            try await withDaemon(["--config", rules.file.path], listen: ["0.0.0.0:0"]) { daemon in
                let answer = try request(daemon.port, "POST /events/a", body: "x")
                #expect(answer.status == 401)
            }
        }

        @Test func `with a key that is missing stop the start, and a reload keeps those before`() async throws {
            let rules = try Rules()
            let file = try TemporaryFile("[[access.jwt]]\nsecret = \"/nowhere/secret\"\n")
            for command in [["serve"], ["config", "check"]] {
                let refused = try await crier(command + ["--config", file.path])
                #expect(refused.code == 78 && refused.error.contains("/nowhere/secret: "), "\(refused.error)")
            }
            let token = try await rules.mint("--subscribe", "a")
            try await rules.run { daemon in
                let client = try stream(daemon.port, "/events/a", token)
                unsafe unlink(rules.secret.path)
                daemon.signal(SIGHUP)
                try request(daemon.port, "POST /events/a", body: "1", fields: [bearer(Rules.root)])
                #expect(try client.event().hasSuffix("data: 1"))
                _ = try stream(daemon.port, "/events/a", token)
            }
        }
    }
}
