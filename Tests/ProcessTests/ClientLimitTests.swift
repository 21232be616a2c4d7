import Glibc
import Kernel
import Testing
import TimeLimits

private let root = "Authorization: Bearer root"

/// A daemon on loopback with further lines of its listener and of its file.
private func withLimits(
    _ flags: [String], listener: String = "", _ further: String = "", _ body: (Daemon) async throws -> Void
) async throws {
    let file = try TemporaryFile("[[listen]]\naddress = \"127.0.0.1:0\"\n\(listener)\n\(further)\n")
    try await withDaemon(["--config", file.path] + flags.flatMap { ["--set", $0] }, listen: [], body)
}

private let access = """
    [[access.token]]
    name = "root"
    sha256 = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2"
    subscribe = ["**"]
    publish = ["**"]
    [access.anonymous]
    subscribe = ["**"]
    publish = ["**"]
    """

/// The status and the body of a subscription, for a browser or for another client.
private func subscribe(_ port: UInt16, _ target: String = "/events/a", browser: Bool, _ fields: String...) throws
    -> String
{
    let client = try Client(port)
    let lines = fields.map { $0 + "\r\n" }.joined() + (browser ? "Accept: text/event-stream\r\n" : "")
    try client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(lines)\r\n")
    return try client.readToEnd()
}

/// Checks that crier tells a browser to come back much later, and others the status.
private func expectRefusal(
    _ port: UInt16, _ status: Int, _ limit: String, _ target: String = "/events/a", _ field: String = "X: y"
) throws {
    let browser = try subscribe(port, target, browser: true, field)
    #expect(browser.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"), "\(browser)")
    let retry = Int(browser.split(separator: "retry: ").last?.prefix { $0.isNumber } ?? "") ?? 0
    #expect(retry >= 3000, "\(browser)")
    let other = try subscribe(port, target, browser: false, field)
    #expect(other.hasPrefix("HTTP/1.1 \(status) ") && other.contains("(\(limit))"), "\(other)")
    #expect(other.contains("\r\nRetry-After: "))
}

extension RealProcess {
    @Suite(.endsInTime()) struct `The limit on subscribers` {
        @Test func `of a channel or a pattern refuses one more, and has room again when one leaves`() async throws {
            try await withLimits(["limits.subscribers-per-channel=2"]) { daemon in
                for target in ["/events/a", "/events/b/*"] {
                    var present = [
                        try Client.subscribed(daemon.port, target), try Client.subscribed(daemon.port, target),
                    ]
                    try expectRefusal(daemon.port, 429, "limits.subscribers-per-channel", target)
                    try expectRefusal(
                        daemon.port, 429, "limits.subscribers-per-channel",
                        "/events?channel=c&channel=\(target.dropFirst(8))")
                    present.removeLast()
                    try await eventually("there is room again") {
                        (try? Client.subscribed(daemon.port, target)).map { present.append($0) } != nil
                    }
                    #expect(try subscribers(daemon.port, "c") == 0)
                }
                _ = try Client.subscribed(daemon.port, "/events/other")
            }
        }

        @Test func `of a caller counts all connections of its name`() async throws {
            try await withLimits(["limits.subscribers-per-token=1"], access) { daemon in
                do {
                    let client = try Client(daemon.port)
                    try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\(root)\r\n\r\n")
                    _ = try client.read(until: "retry: ")
                    try expectRefusal(daemon.port, 429, "limits.subscribers-per-token", "/events/b", root)
                }
                try await eventually("there is room again") {
                    let client = try Client(daemon.port)
                    try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\n\(root)\r\n\r\n")
                    return try client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200")
                }
                // Callers without a name have no such limit.
                let others = [
                    try Client.subscribed(daemon.port, "/events/a"), try Client.subscribed(daemon.port, "/events/a"),
                ]
                withExtendedLifetime(others) {}
            }
        }

        @Test func `of an address counts the clients behind a trusted proxy apart`() async throws {
            let settings = ["limits.subscribers-per-address=1", "access.trusted-proxies=127.0.0.1 10.0.0.0/8"]
            try await withLimits(settings) { daemon in
                func open(_ forwarded: String) throws -> Client {
                    let client = try Client(daemon.port)
                    try client.send(
                        "GET /events/a HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \(forwarded)\r\n\r\n")
                    return client
                }
                let one = try open("192.0.2.1")
                _ = try one.read(until: "retry: ")
                for other in [
                    "192.0.2.2", "2001:db8:0:1::1", "192.0.2.1, 198.51.100.1", "192.0.2.1, 192.0.2.3, 10.1.1.1",
                ] {
                    let client = try open(other)
                    #expect(try client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"), "\(other)")
                    withExtendedLifetime(client) {}
                }
                // What stands before the last untrusted address may be the client's own invention.
                for same in ["9.9.9.9, 192.0.2.1", "192.0.2.1:4711, 10.1.2.3", "x, 192.0.2.1"] {
                    try expectRefusal(
                        daemon.port, 429, "limits.subscribers-per-address", "/events/a", "X-Forwarded-For: \(same)")
                }
                // crier does not look at another field than the configured one.
                #expect(try open("192.0.2.77").read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                try expectRefusal(
                    daemon.port, 429, "limits.subscribers-per-address", "/events/a",
                    "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.99")
            }
        }

        @Test func `of an address believes no field of a client that is no trusted proxy`() async throws {
            try await withLimits(["limits.subscribers-per-address=1", "access.trusted-proxies=10.0.0.0/8"]) { daemon in
                let one = try Client.subscribed(daemon.port, "/events/a")
                try expectRefusal(
                    daemon.port, 429, "limits.subscribers-per-address", "/events/a", "X-Forwarded-For: 192.0.2.1")
                withExtendedLifetime(one) {}
            }
        }
    }

    @Suite(.endsInTime()) struct `The rate of publishes` {
        @Test func `above its limit gets 429 that says when to go on, and nothing of it is published`() async throws {
            try await withLimits(["limits.publish-rate=2/h", "limits.publish-burst=3"]) { daemon in
                for left in [2, 1, 0] {
                    let answer = try request(daemon.port, "POST /events/a", body: "x")
                    #expect(
                        answer.status == 200 && answer.head.contains("RateLimit: \"publish\";r=\(left);t=3600"),
                        "\(answer.head)")
                    #expect(answer.head.contains("RateLimit-Policy: \"publish\";q=2;w=3600"))
                }
                let refused = try request(daemon.port, "POST /events/a", body: "x")
                #expect(refused.status == 429 && refused.body.contains("(limits.publish-rate)"), "\(refused)")
                let seconds =
                    refused.head.first { $0.hasPrefix("Retry-After: ") }.flatMap { Int($0.dropFirst(13)) } ?? 0
                #expect((1790...1800).contains(seconds))
                #expect(try request(daemon.port, "GET /channels/a").body.contains("\"events\":3"))
                // Subscribing is not publishing.
                _ = try Client.subscribed(daemon.port, "/events/a")
            }
        }

        @Test func `counts the events of an array and of lines, and those before the limit stay published`()
            async throws
        {
            try await withLimits(["limits.publish-rate=1/h", "limits.publish-burst=4"]) { daemon in
                let client = try Client(daemon.port)
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n")
                for number in 1...4 {
                    try client.send("d\r\n{\"data\":\"\(number)\"}\n\r\n")
                    try await eventually("event \(number) is published") {
                        try request(daemon.port, "GET /channels/a").body.contains("\"events\":\(number)")
                    }
                }
                try client.send("d\r\n{\"data\":\"5\"}\n\r\n")
                let answer = try client.answer()
                #expect(answer.status == 429 && answer.body.contains("\"published\":4"), "\(answer)")
            }
            try await withLimits(["limits.publish-rate=1/h", "limits.publish-burst=2"]) { daemon in
                let array =
                    "[" + Array(repeating: "{\"channel\":\"a\",\"data\":1}", count: 10).joined(separator: ",") + "]"
                let json = "Content-Type: application/json"
                #expect(try request(daemon.port, "POST /events", body: array, fields: [json]).status == 200)
                let refused = try request(daemon.port, "POST /events", body: array, fields: [json])
                #expect(refused.status == 429)
                #expect(refused.head.contains { $0.hasPrefix("Retry-After: 3") && $0.count == 18 }, "\(refused.head)")
            }
        }

        @Test func `counts an array also when only one event is left`() async throws {
            try await withLimits(["limits.publish-rate=10/s", "limits.publish-burst=1"]) { daemon in
                let array =
                    "[" + Array(repeating: "{\"channel\":\"a\",\"data\":1}", count: 500).joined(separator: ",") + "]"
                let json = "Content-Type: application/json"
                #expect(try request(daemon.port, "POST /events", body: array, fields: [json]).status == 200)
                let refused = try request(daemon.port, "POST /events/a", body: "x")
                let seconds =
                    refused.head.first { $0.hasPrefix("Retry-After: ") }.flatMap { Int($0.dropFirst(13)) } ?? 0
                #expect(refused.status == 429 && seconds >= 45, "\(refused.head)")
            }
        }

        @Test func `is one for all connections of a name, and another for the address`() async throws {
            try await withLimits(["limits.publish-rate=1/h"], access) { daemon in
                for (fields, status) in [([root], 200), ([root], 429), ([], 200), ([], 429)] {
                    let answer = try request(daemon.port, "POST /events/a", body: "x", fields: fields)
                    #expect(answer.status == status)
                }
            }
        }
    }

    @Suite(.endsInTime()) struct `The rate of new connections` {
        @Test func `above its limit is refused, and much above it closed`() async throws {
            try await withLimits(["limits.connect-rate=3/h"]) { daemon in
                var statuses: [String] = []
                for _ in 0..<20 {
                    let client = try Client(daemon.port)
                    try? client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    statuses.append(String((try? client.readToEndOrReset())?.dropFirst(9).prefix(3) ?? ""))
                }
                #expect(statuses.prefix(3) == ["200", "200", "200"])
                #expect(statuses[3..<11].allSatisfy { $0 == "429" }, "\(statuses)")
                #expect(statuses.suffix(8).allSatisfy { $0.isEmpty }, "\(statuses)")
            }
            try await withLimits(["limits.connect-rate=1/h"]) { daemon in
                #expect(try request(daemon.port, "GET /healthz").status == 200)
                try expectRefusal(daemon.port, 429, "limits.connect-rate")
                // A publisher that is told 200 would take its event for published.
                let stream = "Accept: application/json, text/event-stream"
                let publish = try request(daemon.port, "POST /events/a", body: "x", fields: [stream])
                #expect(publish.status == 429, "\(publish)")
            }
        }
    }

    @Suite(.endsInTime()) struct `A listener for the PROXY protocol` {
        private static let binary: [UInt8] =
            [
                13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, 0x21, 0x11, 0, 12, 192, 0, 2, 9, 127, 0, 0, 1, 0,
                80, 0, 80,
            ]

        @Test func `serves connections that begin with a header, and closes others`() async throws {
            try await withLimits(["limits.head-timeout=1s"], listener: "proxy-protocol = true") { daemon in
                let get = Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
                for header in [
                    Self.binary, Array("PROXY TCP4 192.0.2.1 127.0.0.1 1 80\r\n".utf8), Array("PROXY UNKNOWN\r\n".utf8),
                ] {
                    let client = try Client(daemon.port)
                    try client.send(header + get)
                    #expect(try client.readToEnd().hasPrefix("HTTP/1.1 200"))
                    let bytewise = try Client(daemon.port)
                    for byte in header + get { try bytewise.send([byte]) }
                    #expect(try bytewise.readToEnd().hasPrefix("HTTP/1.1 200"))
                }
                for other in [get, Array("PROXY TCP4 nonsense\r\n".utf8) + get, Self.binary + Self.binary + get, []] {
                    let client = try Client(daemon.port)
                    try client.send(other)
                    // Bytes that look like a header where a request must be are a malformed request.
                    let text = try client.readToEndOrReset()
                    #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 400"), "\(text)")
                }
            }
        }

        @Test func `counts connections by the client that the header names`() async throws {
            try await withLimits(
                ["limits.connections-per-address=1", "limits.publish-rate=1/h"], listener: "proxy-protocol = true"
            ) { daemon in
                func connect(_ address: String) throws -> Client {
                    let client = try Client(daemon.port)
                    try client.send("PROXY TCP4 \(address) 127.0.0.1 1 80\r\n")
                    return client
                }
                func publish(_ client: Client) throws -> Int {
                    try client.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
                    return try client.answer().status
                }
                let (one, other) = (try connect("192.0.2.1"), try connect("192.0.2.2"))
                #expect(try publish(one) == 200)
                #expect(try publish(one) == 429)
                #expect(try publish(other) == 200)
                #expect(try publish(try connect("192.0.2.1")) == 503)
            }
        }
    }
}
