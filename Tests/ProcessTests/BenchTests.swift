import Glibc
import Kernel
import Subprocess
import Synchronization
import SystemPackage
import Testing
import TimeLimits

/// What `crier bench --json` did and found.
private struct Outcome: CustomStringConvertible {
    let code: Int32
    let output: String
    let error: String
    /// The members of the report; empty when there is none.
    let report: [String: String]

    func count(_ name: String) -> Int? { report[name].flatMap { Int($0) } }
    func number(_ name: String) -> Double? { report[name].flatMap { Double($0) } }

    var isFlawless: Bool { code == 0 && report["flawless"] == "true" }

    var description: String { "exit code \(code)\n\(output)\(error)" }
}

private func command(_ arguments: [String]) async throws -> Outcome {
    let result = try await run(
        .path(binary), arguments: Arguments(["bench"] + arguments), input: .none, output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else {
        throw Client.Unexpected(description: "\(result.terminationStatus): \(result.standardError)")
    }
    var report: [String: String] = [:]
    if result.standardOutput.hasPrefix("{") {
        // One object of numbers: no name and no value has a comma or a colon in it.
        for member in result.standardOutput.dropFirst().dropLast(2).split(separator: ",") {
            let pair = member.split(separator: ":")
            report[String(pair[0].dropFirst().dropLast())] = String(pair[1])
        }
    }
    return Outcome(code: code, output: result.standardOutput, error: result.standardError, report: report)
}

/// A benchmark that is as short as can be.
private func bench(_ port: UInt16, _ arguments: String...) async throws -> Outcome {
    try await command(
        ["--url", "http://127.0.0.1:\(port)", "--warm-up", "0.1", "--duration", "0.3", "--json"] + arguments)
}

extension RealProcess {
    @Suite(.endsInTime()) struct `The bench command` {
        @Test func `finds every event once and in order, over channels and publishers`() async throws {
            try await withDaemon { daemon in
                let found = try await bench(
                    daemon.port, "--subscribers", "50", "--channels", "5", "--publishers", "2", "--threads", "2")
                #expect(found.isFlawless, "\(found)")
                #expect(found.number("delivery.rate.per_second").map { $0 > 0 } == true, "\(found)")
                #expect(found.number("arrival.connections") == 50)
                #expect(found.number("delivery.p99.9.ms") != nil && found.number("publish.max.ms") != nil)
                for name in ["lost", "missed", "repeated", "damaged", "failures", "cut", "skipped"] {
                    #expect(found.count(name) == 0, "\(name)")
                }
                #expect(
                    found.error == """
                        crier: connecting 50 subscribers
                        crier: warming up
                        crier: measuring
                        crier: waiting for the last events

                        """)
            }
        }

        @Test(arguments: [
            ["--lockstep", "--channels", "3"], ["--rate", "100", "--publishers", "3", "--channels", "2"],
            ["--publishers", "4", "--channels", "3"], ["--size", "40000", "--rate", "50"],
        ])
        func `publishes at each pace that it offers`(_ arguments: [String]) async throws {
            try await withDaemon { daemon in
                let found = try await command(
                    ["--url", "http://127.0.0.1:\(daemon.port)/", "--warm-up", "0.1", "--duration", "0.3", "--json"]
                        + ["--subscribers", "10"] + arguments)
                #expect(found.isFlawless, "\(found)")
                #expect(found.number("delivery.rate.per_second").map { $0 > 0 } == true, "\(found)")
            }
        }

        @Test func `publishes no faster than --rate allows, and prints a report for people`() async throws {
            try await withDaemon { daemon in
                let found = try await command([
                    "--url", "http://127.0.0.1:\(daemon.port)", "--warm-up", "0.1", "--duration", "0.3",
                    "--subscribers", "7", "--rate", "0.01",
                ])
                #expect(found.code == 0, "\(found)")
                // One event in a hundred seconds.
                #expect(
                    found.output.hasSuffix("Every subscriber got every event once, whole and in order: 7 events.\n"),
                    "\(found)")
                #expect(found.output.contains("delivery rate"))
            }
        }

        @Test func `adds subscribers that read slowly, that stall, and that only connect`() async throws {
            try await withDaemon { daemon in
                let found = try await bench(
                    daemon.port, "--subscribers", "10", "--stalled", "3", "--slow", "4", "--slow-rate", "1000",
                    "--connects", "200", "--rate", "100", "--duration", "1")
                #expect(found.isFlawless, "\(found)")
                #expect(found.number("arrival.connections") == 17)
                #expect(found.number("visit.p50.ms") != nil, "\(found)")
                // crier has noticed that every client disconnected.
                try await eventually("no subscriber is left") { try subscribers(daemon.port, "bench-0") == 0 }
            }
        }

        @Test func `reports the processor time and the memory of the server`() async throws {
            try await withDaemon { daemon in
                let found = try await bench(daemon.port, "--subscribers", "50", "--pid", "\(daemon.pid)")
                #expect(found.isFlawless, "\(found)")
                for name in ["server.cpu.cores", "delivery.cpu.us", "arrival.cpu.us", "memory.peak.KiB"] {
                    #expect(found.number(name).map { $0 > 0 } == true, "\(name): \(found)")
                }
                #expect(found.number("memory.subscriber.B") != nil)
            }
        }

        @Test func `finishes even if the process that it measures ends`() async throws {
            // The shell waits for its child, so the child is no zombie when it has ended.
            let result = try await run(
                .path("/bin/sh"), arguments: ["-c", "sleep 1000 & echo $!; wait"], input: .none, output: .sequence,
                error: .discarded
            ) { execution in
                var lines = execution.standardOutput.strings().makeAsyncIterator()
                let line = try await lines.next()
                let pid = try #require(line.flatMap { pid_t($0.filter(\.isNumber)) })
                defer { kill(pid, SIGKILL) }
                var server = Misbehaviour()
                server.onArrival = {
                    kill(pid, SIGKILL)
                    while kill(pid, 0) == 0 { sched_yield() }
                }
                try await withServer(server) { server in
                    let found = try await bench(server.port, "--subscribers", "1", "--pid", "\(pid)")
                    #expect(found.isFlawless, "\(found)")
                    #expect(found.number("server.cpu.cores") == 0, "\(found)")
                }
            }
            #expect(result.terminationStatus == .exited(0))
        }

        @Test func `sends the requests that its options describe`() async throws {
            try await withServer(Misbehaviour()) { server in
                let base = "http://127.0.0.1:\(server.port)"
                let found = try await bench(
                    server.port, "--subscribers", "2", "--rate", "100", "--subscribe-url", "\(base)/sub/{channel}?x",
                    "--publish-url", "\(base)/pub?to={channel}", "--channel-prefix", "a b/", "--header", "X-Key: k",
                    "--header", "X-Two: 2", "--content-type", "application/json", "--size", "33", "--body",
                    #"{"in":"{channel}",\n"is":"{payload}"}"#)
                #expect(found.isFlawless, "\(found)")
                let requests = server.requests
                let subscribes = requests.filter { $0.hasPrefix("GET ") }
                #expect(subscribes.count == 2)
                #expect(
                    subscribes.first == """
                        GET /sub/a%20b/0?x HTTP/1.1\r
                        Host: 127.0.0.1:\(server.port)\r
                        Accept: text/event-stream\r
                        X-Key: k\r
                        X-Two: 2\r
                        \r

                        """)
                let publish = try #require(requests.first { $0.hasPrefix("POST ") })
                #expect(
                    publish.hasPrefix(
                        """
                        POST /pub?to=a%20b/0 HTTP/1.1\r
                        Host: 127.0.0.1:\(server.port)\r
                        Content-Length: 56\r
                        Content-Type: application/json\r
                        X-Key: k\r
                        X-Two: 2\r
                        \r
                        {"in":"a b/0",
                        "is":"@
                        """), "\(publish)")
                #expect(publish.hasSuffix("00000000000...;\"}"), "\(publish)")
            }
        }

        @Test func `publishes endless bodies in chunks, one event after the other`() async throws {
            try await withServer(Misbehaviour()) { server in
                let found = try await bench(
                    server.port, "--subscribers", "3", "--streaming", "--publishers", "2", "--size", "5000")
                #expect(found.isFlawless, "\(found)")
                #expect(found.number("delivery.rate.per_second").map { $0 > 0 } == true, "\(found)")
                let publishes = server.requests.filter { $0.hasPrefix("POST ") }
                #expect(publishes.count == 2)
                for publish in publishes {
                    #expect(
                        publish.contains("\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-ndjson\r\n"))
                    #expect(publish.hasSuffix("\r\n\r\n"), "it has a body that is not in chunks")
                }
            }
        }

        @Test func `reconnects when the server closes the connection after each answer`() async throws {
            var server = Misbehaviour()
            server.publishAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
            server.endsAfterAnswer = true
            try await withServer(server) { server in
                let found = try await bench(server.port, "--subscribers", "2", "--rate", "100")
                #expect(found.isFlawless, "\(found)")
                #expect(server.requests.count > 3)
            }
        }

        @Test func `counts slow and stalled subscribers that the server disconnects, and does not call that a flaw`()
            async throws
        {
            var server = Misbehaviour()
            server.endsAfterHead = true
            try await withServer(server) { server in
                let found = try await bench(
                    server.port, "--subscribers", "0", "--stalled", "3", "--slow", "2", "--publishers", "0")
                #expect(found.isFlawless, "\(found)")
                #expect(found.count("cut") == 5, "\(found)")
            }
        }

        /// A server that does something wrong, and what the report must say about that, for two subscribers.
        private struct Flaw: Sendable {
            let name: String
            let server: Misbehaviour
            var arguments: [String] = ["--rate", "100"]
            var counts: [String: Int] = [:]
            /// What the report for people says.
            var sentence: String?

            init(_ name: String, _ counts: [String: Int], _ relay: @escaping Misbehaviour.Relay) {
                self.name = name
                self.counts = counts
                var server = Misbehaviour()
                server.relay = relay
                self.server = server
            }

            init(
                _ name: String, _ sentence: String, _ counts: [String: Int], _ arguments: [String] = ["--rate", "100"],
                _ change: (inout Misbehaviour) -> Void
            ) {
                self.name = name
                self.counts = counts
                self.sentence = sentence
                self.arguments = arguments
                var server = Misbehaviour()
                change(&server)
                self.server = server
            }
        }

        private static let flaws: [Flaw] = [
            Flaw("one event missing", ["lost": 2, "missed": 2, "repeated": 0, "damaged": 0, "failures": 0]) {
                $0 == 2 ? [] : [$1[$0]]
            },
            Flaw("one event twice", ["lost": 0, "missed": 0, "repeated": 2, "damaged": 0, "failures": 0]) {
                $0 == 2 ? [$1[2], $1[2]] : [$1[$0]]
            },
            Flaw("two events swapped", ["lost": 2, "missed": 2, "repeated": 2, "damaged": 0, "failures": 0]) {
                $0 == 2 ? [] : $0 == 3 ? [$1[3], $1[2]] : [$1[$0]]
            },
            Flaw("one event cut short", ["lost": 0, "missed": 0, "repeated": 0, "damaged": 2, "failures": 0]) {
                [$0 == 2 ? $1[2].dropLast() + "?" : $1[$0]]
            },
            // Events after the last that came are no hole.
            Flaw("nothing after the third event", ["missed": 0, "repeated": 0, "damaged": 0, "failures": 0]) {
                $0 > 2 ? [] : [$1[$0]]
            },
            Flaw(
                "subscribers refused", "the first failure: a subscriber was answered with 503",
                ["failures": 2, "missed": 0]
            ) {
                $0.subscribeAnswer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
            },
            Flaw(
                "streams ended", "the first failure: a stream ended", ["failures": 2, "lost": 0], ["--publishers", "0"]
            ) {
                $0.endsAfterHead = true
            },
            Flaw(
                "a publish refused", "the first failure: a publish was answered with 507: full",
                ["failures": 1, "missed": 0, "repeated": 0]
            ) {
                $0.publishAnswer = "HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 4\r\n\r\nfull"
            },
            Flaw(
                "an endless publish refused", "the first failure: a publish was answered with 415: no",
                ["failures": 1, "missed": 0, "repeated": 0], ["--streaming"]
            ) {
                $0.publishAnswer = "HTTP/1.1 415 Unsupported Media Type\r\nContent-Length: 2\r\n\r\nno"
                $0.answersAtOnce = true
            },
            Flaw(
                "no answer to a publish",
                "the first failure: the connection of a publisher was lost before the answer came",
                ["failures": 1, "lost": 0, "missed": 0, "repeated": 0]
            ) {
                $0.publishAnswer = ""
                $0.endsAfterAnswer = true
            },
            Flaw("nonsense", "the first failure: an answer to a subscriber is not understood: ", ["failures": 2]) {
                $0.subscribeAnswer = "SSH-2.0-OpenSSH\r\n\r\n"
            },
        ]

        @Test func `exits with 1 and reports lost, repeated, damaged and refused events`() async throws {
            // Each waits for events that do not come, so all of them wait together.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for flaw in Self.flaws {
                    group.addTask {
                        try await withServer(flaw.server) { server in
                            let found = try await command(
                                ["--url", "http://127.0.0.1:\(server.port)", "--subscribers", "2", "--warm-up", "0.1"]
                                    + ["--duration", "0.3"] + (flaw.sentence == nil ? ["--json"] : []) + flaw.arguments)
                            #expect(found.code == 1, "\(flaw.name): \(found)")
                            if let sentence = flaw.sentence {
                                #expect(found.output.contains("\n  \(sentence)"), "\(flaw.name): \(found)")
                                #expect(found.output.contains("NOT every subscriber"), "\(flaw.name): \(found)")
                            } else {
                                #expect(found.report["flawless"] == "false", "\(flaw.name): \(found)")
                            }
                            for (name, count) in flaw.counts {
                                let shown = flaw.sentence == nil ? found.count(name) : Self.count(name, found.output)
                                #expect(shown == count, "\(flaw.name): \(name): \(found)")
                            }
                            if flaw.name.hasPrefix("nothing after") {
                                #expect(found.count("lost").map { $0 > 0 } == true, "\(flaw.name): \(found)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        /// What the report for people counts; it names only what there is.
        private static func count(_ name: String, _ table: String) -> Int {
            let line = table.split(separator: "\n").first { $0.hasPrefix("  \(name) ") }
            return line.flatMap { Int($0.dropFirst(name.count + 3)) } ?? 0
        }

        @Test func `waits in lockstep until every subscriber has the last event`() async throws {
            var server = Misbehaviour()
            server.relay = { $0 == 2 ? [] : [$1[$0]] }
            try await withServer(server) { server in
                let found = try await bench(server.port, "--subscribers", "2", "--lockstep")
                #expect(found.code == 1 && found.count("lost") == 2 && found.count("missed") == 0, "\(found)")
                #expect(server.requests.count { $0.hasPrefix("POST ") } == 3)
            }
        }

        @Test(arguments: [
            ["--subscribers", "0", "--publishers", "0"], ["--subscribers", "-1", "--slow", "2"],
            ["--subscribers", "9223372036854775807"],
            ["--subscribers", "many"], ["--channels", "0"], ["--publishers", "65536"], ["--size", "29"],
            ["--threads", "0"], ["--arriving", "0"], ["--slow-rate", "0"], ["--slow-rate", "9223372036854775807"],
            ["--connects", "-1"], ["--connects", "inf"], ["--warm-up", "-1"], ["--duration", "0"],
            ["--duration", "nan"], ["--rate", "0"], ["--rate", "1e-300"], ["--rate", "inf"],
            ["--rate", "1", "--lockstep"], ["--lockstep", "--streaming"], ["--lockstep", "--publishers", "2"],
            ["--body", "x"], ["--streaming", "--channels", "2"], ["--header", "X"], ["--header", "X: y\nZ: z"],
            ["--header", "X: y\rZ: z"], ["--content-type", "a\r\nX: y"], ["--stalled", "9223372036854775807"], ["x"],
        ])
        func `refuses wrong usage`(_ arguments: [String]) async throws {
            let found = try await command(["--url", "http://127.0.0.1:1", "--duration", "0.1"] + arguments)
            #expect(found.code == 64, "\(found)")
            #expect(found.output.isEmpty && found.error.contains("Error: "), "\(found)")
        }

        @Test func `explains with its exit code and a sentence why it cannot run`() async throws {
            let unreachable = try await command(["--url", "http://127.0.0.1:1", "--warm-up", "0", "--duration", "0.1"])
            #expect([1, 2].contains(unreachable.code), "\(unreachable)")
            #expect((unreachable.output + unreachable.error).contains("onnect"), "\(unreachable)")
            for (arguments, sentence) in [
                (["--url", "ftp://x"], "crier: ftp://x/events/{channel} is not http://host:port/path.\n"),
                (["--url", "http://no..host"], "crier: no..host: "),
                (["--publish-url", "http://a b/"], "crier: http://a b/ is not http://host:port/path.\n"),
                (
                    ["--pid", "2147483647"],
                    "crier: there is no process 2147483647, or its memory is not readable\n"
                ),
            ] {
                let found = try await command(arguments)
                #expect(found.code == 2 && found.output.isEmpty, "\(found)")
                #expect(found.error.hasPrefix(sentence), "\(found)")
            }
        }
    }
}

/// How a test server answers. By default it does nothing wrong.
private struct Misbehaviour: Sendable {
    /// What subscribers get for an event.
    ///
    /// - Parameters: the number of the event, and the bodies of all events so far.
    typealias Relay = @Sendable (Int, [String]) -> [String]

    var subscribeAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    var publishAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    var endsAfterHead = false
    var endsAfterAnswer = false
    /// The answer to a publish in chunks does not wait for the last one.
    var answersAtOnce = false
    var onArrival: @Sendable () -> Void = {}
    var relay: Relay = { [$1[$0]] }
}

/// Runs a test with a server that relays each event to all its subscribers, regardless of the channel.
private func withServer(_ behaviour: Misbehaviour, _ body: (FakeServer) async throws -> Void) async throws {
    let server = try FakeServer(behaviour)
    let thread = try Thread(named: "fake server") {
        do { try server.serve() } catch { Issue.record("the fake server failed: \(error)") }
    }
    let result: Result<Void, any Error>
    do { result = .success(try await body(server)) } catch { result = .failure(error) }
    server.bell.notify()
    thread.join()
    try result.get()
}

private final class FakeServer: Sendable {
    let bell: Wakeup
    private let listener: Listener
    private let behaviour: Misbehaviour
    private let heard = Mutex<[String]>([])

    init(_ behaviour: Misbehaviour) throws {
        self.behaviour = behaviour
        bell = try Wakeup()
        listener = try Listener.listen(
            on: try #require(SocketAddress.resolve(host: "127.0.0.1", port: 0).first), options: ConnectionOptions())
    }

    var port: UInt16 { listener.address.port ?? 0 }

    /// All requests so far, with their bodies.
    var requests: [String] { heard.withLock { $0 } }

    private final class Connection {
        let socket: Descriptor
        var input: [UInt8] = []
        /// A request in chunks has begun and not ended.
        var isStreaming = false

        init(_ socket: consuming Descriptor) { self.socket = socket }

        /// Takes a head, or a whole request, off what was received.
        func request() -> (head: String, body: String)? {
            guard !isStreaming, let blank = input.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let head = String(decoding: input[..<blank.upperBound], as: UTF8.self)
            let field = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
            let end = blank.upperBound + (field.flatMap { Int($0.dropFirst(16)) } ?? 0)
            guard input.count >= end else { return nil }
            defer { input.removeFirst(end) }
            isStreaming = head.contains("\r\nTransfer-Encoding: chunked\r\n")
            return (head, String(decoding: input[blank.upperBound..<end], as: UTF8.self))
        }

        /// Takes a whole chunk off what was received; the last one is empty.
        func chunk() -> String? {
            guard isStreaming, let line = input.firstRange(of: Array("\r\n".utf8)),
                let count = Int(String(decoding: input[..<line.lowerBound], as: UTF8.self), radix: 16)
            else { return nil }
            let end = line.upperBound + count
            guard input.count >= end + 2 else { return nil }
            defer { input.removeFirst(end + 2) }
            isStreaming = count > 0
            return String(decoding: input[line.upperBound..<end], as: UTF8.self)
        }
    }

    /// Serves until the bell is rung.
    func serve() throws {
        var poller = try Poller(capacity: 64)
        try poller.watchInput(bell.descriptor, token: 0)
        try poller.watchInput(listener.descriptor, token: UInt64(listener.descriptor.number))
        var connections: [UInt64: Connection] = [:]
        var subscribers: [Connection] = []
        var bodies: [String] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            for index in 0..<(try poller.wait(milliseconds: -1)) {
                let token = poller[index].token
                if token == 0 { return }
                guard let connection = connections[token] else {
                    while case .connection(let socket) = listener.accept() {
                        try socket.setNonBlocking(false)
                        let connection = Connection(socket)
                        connections[UInt64(connection.socket.number)] = connection
                        try poller.watchInput(connection.socket, token: UInt64(connection.socket.number))
                    }
                    continue
                }
                guard case .bytes(let count) = connection.socket.read(into: &buffer) else {
                    subscribers.removeAll { $0 === connection }
                    connections[token] = nil
                    continue
                }
                connection.input += buffer[..<count]
                while let (head, body) = connection.request() {
                    heard.withLock { $0.append(head + body) }
                    if head.hasPrefix("GET ") {
                        behaviour.onArrival()
                        _ = connection.socket.send(Array(behaviour.subscribeAnswer.utf8))
                        subscribers.append(connection)
                        if behaviour.endsAfterHead { connection.socket.finishSending() }
                    } else if connection.isStreaming {
                        if behaviour.answersAtOnce { answer(connection) }
                    } else {
                        bodies.append(body)
                        for event in behaviour.relay(bodies.count - 1, bodies) { relay(event, to: subscribers) }
                        answer(connection)
                    }
                }
                while let chunk = connection.chunk() {
                    relay(chunk, to: subscribers)
                    if chunk.isEmpty, !behaviour.answersAtOnce { answer(connection) }
                }
            }
        }
    }

    private func answer(_ publisher: Connection) {
        _ = publisher.socket.send(Array(behaviour.publishAnswer.utf8))
        if behaviour.endsAfterAnswer { publisher.socket.finishSending() }
    }

    private func relay(_ text: String, to subscribers: [Connection]) {
        for subscriber in subscribers { _ = subscriber.socket.send(Array("data: \(text)\n\n".utf8)) }
    }
}
