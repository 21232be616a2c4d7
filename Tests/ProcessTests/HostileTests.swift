import Glibc
import Kernel
import Subprocess
import Testing
import TimeLimits

extension RealProcess {
    /// Each gets its documented answer, and a healthy subscriber beside it notices nothing.
    @Suite(.endsInTime()) struct `A client that misbehaves` {
        /// Runs an attack while a subscriber is connected, and checks that it gets the events before and after.
        private func withWitness(
            _ arguments: [String] = [], _ attack: (Daemon) async throws -> Void
        ) async throws {
            try await withDaemon(arguments) { daemon in
                let witness = try Client.subscribed(daemon.port, "/events/witness")
                let first = try publish(daemon.port, "witness", "before")
                try await attack(daemon)
                let second = try publish(daemon.port, "witness", "after")
                #expect(try witness.event() == "id: \(first)\ndata: before")
                #expect(try witness.event() == "id: \(second)\ndata: after")
            }
        }

        private func answer(_ port: UInt16, _ bytes: String) throws -> Answer {
            let client = try Client(port)
            try client.send(bytes)
            let answer = try client.answer()
            #expect(try client.readToEnd() == "", "crier closes the connection after the answer")
            return answer
        }

        private func status(_ port: UInt16, _ line: String, host: String) throws -> Int {
            let client = try Client(port)
            try client.send("\(line) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return try client.answer().status
        }

        @Test func `may not use crier on loopback by a name of its own that points there`() async throws {
            let file = try TemporaryFile("[[listen]]\naddress = \"127.0.0.1:0\"\nhosts = [\"events.example\"]\n")
            try await withDaemon(["--config", file.path], listen: []) { daemon in
                for line in [
                    "GET /events/a", "POST /events/a", "DELETE /channels/a", "GET /channels", "GET /", "GET /healthz",
                ] {
                    let refused = try self.status(daemon.port, line, host: "evil.example:\(daemon.port)")
                    #expect(refused == 421, "\(line)")
                }
                let named = try self.status(daemon.port, "POST /events/a", host: "events.example")
                let local = try self.status(daemon.port, "GET /healthz", host: "localhost:\(daemon.port)")
                #expect(named == 200 && local == 200)
            }
        }

        @Test func `may send urgent bytes, and its request is complete all the same`() async throws {
            try await withWitness { daemon in
                let client = try Client(daemon.port)
                // Stopped, so that all of it waits when the daemon reads: the read stops at the urgent byte.
                daemon.signal(SIGSTOP)
                try client.send("GET /healthz HTTP/1.1\r\n")
                var urgent: UInt8 = 0x21
                let sent = unsafe send(client.socket.number, &urgent, 1, CInt(MSG_OOB))
                try #require(sent == 1)
                try client.send("Host: localhost\r\n\r\n")
                daemon.signal(SIGCONT)
                #expect(try client.answer().status == 200)
            }
        }

        @Test func `by sending half a body and stalling gets 408`() async throws {
            try await withWitness(["--set", "limits.body-timeout=300ms"]) { daemon in
                let head = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
                let answer = try answer(daemon.port, head + "half")
                #expect(answer.status == 408 && answer.body.contains("The body of the request did not come in time."))
            }
        }

        @Test func `by sending its head byte by byte gets 408 after the time limit`() async throws {
            try await withWitness(["--set", "limits.head-timeout=500ms"]) { daemon in
                let client = try Client(daemon.port)
                var poller = try Poller(capacity: 1)
                try poller.watchInput(client.socket, token: 1)
                var sent = 0
                let text =
                    Array("GET /events/a HTTP/1.1\r\nHost: localhost\r\n".utf8) + [UInt8](repeating: 0x61, count: 1000)
                // A byte each tenth of a second, until the answer comes.
                while try poller.wait(milliseconds: 100) == 0 {
                    try client.send([text[sent]])
                    sent += 1
                }
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.body.contains("The head of the request did not come in time."))
                #expect(sent < text.count)
            }
        }

        @Test func `by sending only blank lines is disconnected after the time limit`() async throws {
            try await withWitness(["--set", "limits.head-timeout=500ms"]) { daemon in
                let client = try Client(daemon.port)
                var poller = try Poller(capacity: 1)
                try poller.watchInput(client.socket, token: 1)
                // The kernel answers with a reset if the client still sends while crier closes.
                while try poller.wait(milliseconds: 100) == 0, client.socket.send(Array("\r\n".utf8)) == .wrote(2) {}
                #expect(try client.readToEndOrReset() == "")
            }
        }

        @Test func `after a HEAD gets its error in full`() async throws {
            try await withWitness { daemon in
                let client = try Client(daemon.port)
                try client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nBAD\r\n\r\n")
                let answers = try client.readToEnd()
                #expect(
                    answers.contains("HTTP/1.1 400 Bad Request\r\n") && answers.hasSuffix("(RFC 9112 section 3)\"}\n"))
            }
        }

        @Test func `by sending nothing is disconnected without an answer`() async throws {
            try await withWitness(["--set", "limits.head-timeout=300ms", "--set", "limits.idle-timeout=300ms"]) {
                daemon in
                let silent = try Client(daemon.port)
                #expect(try silent.readToEnd() == "")
                let idle = try Client(daemon.port)
                try idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try idle.answer().status == 200)
                #expect(try idle.readToEnd() == "")
            }
        }

        @Test func `by sending a head of 17 KiB gets 431`() async throws {
            try await withWitness { daemon in
                let fields = (0..<17).map { "X\($0): \(String(repeating: "x", count: 1018))\r\n" }.joined()
                let head = "GET /events/a HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
                let answer = try answer(daemon.port, head)
                #expect(answer.status == 431)
            }
        }

        @Test(arguments: [
            ("GET /\(String(repeating: "x", count: 9000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\n" + (0...100).map { "X\($0): x\r\n" }.joined() + "\r\n", 431),
            (
                "POST /events/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
                400
            ),
            ("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\n", 413),
            (
                "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                400
            ),
            ("POST /events/a HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417),
            ("POST /events/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("nonsense\r\n\r\n", 400),
            ("\u{16}\u{3}\u{1}\u{2}\0\u{1}", 400), ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ])
        func `by breaking the protocol gets a status and a sentence, and is disconnected`(
            _ bytes: String, _ status: Int
        )
            async throws
        {
            try await withWitness { daemon in
                let answer = try answer(daemon.port, bytes)
                #expect(answer.status == status)
                #expect(answer.head.contains("Content-Type: application/problem+json"))
                #expect(answer.body.contains("\"status\":\(status),\"detail\":\""))
                #expect(answer.body.contains("(RFC "))
            }
        }

        @Test func `by sending a megabyte to a missing page can still read its answer`() async throws {
            try await withWitness { daemon in
                let client = try Client(daemon.port)
                let size = 1 << 20
                try client.send("POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(size)\r\n\r\n")
                try client.send([UInt8](repeating: 0x61, count: size))
                #expect(try client.answer().status == 404)
            }
        }

        @Test func `by sending 10,000 requests at once gets 10,000 answers, in order`() async throws {
            try await withWitness { daemon in
                let client = try Client(daemon.port)
                let sender = try Sender(
                    client.socket,
                    (0..<10_000).map { number in
                        let data = "\(number)"
                        return
                            "POST /events/flood HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(data.count)\r\n\r\n\(data)"
                    }.joined())
                var last: UInt64 = 0
                for _ in 0..<10_000 {
                    let answer = try client.answer()
                    try #require(answer.status == 200)
                    let sequence = try #require(UInt64(answer.id.split(separator: "-")[1]))
                    #expect(sequence > last)
                    last = sequence
                }
                sender.join()
            }
        }

        @Test func `by sending requests without reading answers does not fill the memory of crier`() async throws {
            try await withWitness { daemon in
                let before = try daemon.anonymousMemory
                let client = try Client(daemon.port)
                try client.socket.set(SOL_SOCKET, SO_RCVBUF, 4096)
                try client.socket.setNonBlocking(true)
                let one = Array(String(repeating: "GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 1000).utf8)
                var poller = try Poller(capacity: 1)
                try poller.watch(client.socket, token: 1)
                // Until crier has not read for a while.
                for _ in 0..<1000 {
                    if client.socket.send(one) == .wouldBlock, try poller.wait(milliseconds: 200) == 0 { break }
                }
                if !isSanitized { #expect(try daemon.anonymousMemory < before + 8 * 1024) }
            }
        }
    }

    @Suite(.endsInTime()) struct `When crier is full` {
        @Test
        func `a browser gets a long retry, others get 503, and there is room again when a client disconnects`()
            async throws
        {
            try await withDaemon(["--set", "limits.connections=5"]) { daemon in
                do {
                    var held: [Client] = []
                    for _ in 0..<5 { held.append(try Client.subscribed(daemon.port, "/events/a")) }
                    let browser = try Client(daemon.port)
                    try browser.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
                    let head = try browser.read(until: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"))
                    let retry = try #require(try browser.readToEnd().split(separator: "\n").last?.dropFirst(7))
                    #expect(try #require(Int(retry)) >= 15_000 && browser.isComplete)
                    let answer = try request(daemon.port, "POST /events/a", body: "x")
                    #expect(answer.status == 503 && answer.head.contains("Retry-After: 10"))
                    held.removeLast()
                }
                try await eventually("there is room") { try request(daemon.port, "GET /healthz").status == 200 }
                _ = try Client.subscribed(daemon.port, "/events/a")
            }
        }

        @Test func `it leaves further clients in the backlog, and serves them when it can`() async throws {
            try await withDaemon(
                ["--set", "limits.connections=2", "--set", "server.loops=2"],
                log: { #expect($0.contains { $0.contains("accepting is paused") }) }
            ) { daemon in
                do {
                    var silent: [Client] = []
                    // crier serves two, refuses 48 and leaves the others in the backlog. None of them sends a byte.
                    for _ in 0..<70 { silent.append(try Client(daemon.port)) }
                    #expect(silent.count == 70)
                    try await eventually("the reserve is used up") { try daemon.descriptors >= 50 }
                }
                try await eventually("crier serves again") { try request(daemon.port, "GET /healthz").status == 200 }
            }
        }

        @Test func `and has no descriptor left it pauses, and recovers by itself`() async throws {
            // Each loop says so once in ten seconds, although it tries again ten times a second.
            let check = { (log: [String]) in
                #expect((1...2).contains(log.count { $0.contains("accepting is paused") }), "\(log)")
            }
            try await withDaemon(["--set", "server.loops=2"], log: check) { daemon in
                let used = try daemon.descriptors
                // Too few even for the reserve.
                let limited = try await run(
                    .name("prlimit"), arguments: ["--pid", "\(daemon.pid)", "--nofile=\(used + 10):\(used + 10)"],
                    output: .discarded)
                #expect(limited.terminationStatus.isSuccess)
                do {
                    var silent: [Client] = []
                    for _ in 0..<30 { silent.append(try Client(daemon.port)) }
                    #expect(silent.count == 30)
                    try await eventually("descriptors are used up") { try daemon.descriptors >= used + 9 }
                    let start = time(nil)
                    try await eventually("the loops have tried again") { time(nil) >= start + 2 }
                }
                try await eventually("crier serves again") { try request(daemon.port, "GET /healthz").status == 200 }
            }
        }
    }

    @Suite(.endsInTime()) struct `A client address with a limit on its connections` {
        private static let limit = ["--set", "limits.connections-per-address=3", "--set", "server.loops=2"]

        @Test func `may have so many, and other addresses are served all the same`() async throws {
            try await withDaemon(
                Self.limit, listen: ["127.0.0.1:0", "[::1]:0"],
                log: {
                    #expect(
                        $0.contains { $0.contains("a client has too many connections") && $0.contains("127.0.0.1") })
                }
            ) { daemon in
                do {
                    var held: [Client] = []
                    for _ in 0..<3 { held.append(try Client.subscribed(daemon.port, "/events/a")) }
                    let refused = try request(daemon.port, "POST /events/a", body: "x")
                    #expect(refused.status == 503 && refused.head.contains("Retry-After: 10"))
                    #expect(refused.body.contains("limits.connections-per-address"))
                    let browser = try Client(daemon.port)
                    try browser.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
                    #expect(try browser.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
                    let retry = try #require(try browser.readToEnd().split(separator: "\n").last?.dropFirst(7))
                    #expect(try #require(Int(retry)) >= 15_000)
                    let other = try Client(daemon.ports[1], host: "::1")
                    try other.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    #expect(try other.answer().status == 200)
                    #expect(held.count == 3)
                }
                try await eventually("there is room") { try request(daemon.port, "GET /healthz").status == 200 }
            }
        }

        @Test func `cannot use up the connections of all by connecting ever again`() async throws {
            try await withDaemon(Self.limit + ["--set", "limits.connections=60"], listen: ["127.0.0.1:0", "[::1]:0"]) {
                daemon in
                do {
                    var flood: [Client] = []
                    // crier serves 3, refuses 8 when they ask, and closes the others at once.
                    for _ in 0..<200 { flood.append(try Client(daemon.port)) }
                    #expect(try flood[199].readToEndOrReset() == "")
                    let honest = try Client(daemon.ports[1], host: "::1")
                    try honest.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    #expect(try honest.answer().status == 200)
                }
                try await eventually("crier serves again") { (try? request(daemon.port, "GET /healthz").status) == 200 }
            }
        }

        @Test func `has none on a Unix socket`() async throws {
            let path = "/tmp/crier-process-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
            try await withDaemon(Self.limit, listen: ["unix:\(path)"]) { _ in
                var held: [Client] = []
                for _ in 0..<20 {
                    let client = try Client(path: path)
                    try client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    #expect(try client.answer().status == 200)
                    held.append(client)
                }
            }
        }
    }
}
