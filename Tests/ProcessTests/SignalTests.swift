import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `A signal` {
        @Test func `to terminate ends streams cleanly with a jittered retry, and lets requests finish`()
            async throws
        {
            try await withDaemon(["--set", "server.retry=2s"], end: .stoppedByTest) { daemon in
                var subscribers: [Client] = []
                for _ in 0..<20 { subscribers.append(try Client.subscribed(daemon.port, "/events/a")) }
                let publisher = try Client(daemon.port)
                try publisher.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nla")
                let idle = try Client(daemon.port)
                _ = idle
                try await eventually("crier has begun the request") {
                    try request(daemon.port, "GET /channels/a").status == 200
                }
                daemon.signal(SIGTERM)
                try publisher.send("st")
                let receipt = try publisher.readToEnd()
                #expect(receipt.hasPrefix("HTTP/1.1 200 OK\r\n") || receipt.isEmpty)
                var retries: Set<Int> = []
                for subscriber in subscribers {
                    let rest = try subscriber.readToEnd()
                    let last = try #require(rest.split(separator: "\n").last)
                    #expect(last.hasPrefix("retry: "))
                    retries.insert(try #require(Int(last.dropFirst(7))))
                }
                #expect(retries.allSatisfy { (1000...3000).contains($0) })
                #expect(retries.count > 10)
            }
        }

        @Test func `to terminate gives a client that is behind all that it still has to get`() async throws {
            let flags = ["server.loops=1", "history.bytes=64MiB", "limits.unsent=16KiB"].flatMap { ["--set", $0] }
            try await withDaemon(flags, end: .stoppedByTest) { daemon in
                let data = String(repeating: "x", count: 100_000)
                for _ in 0..<40 { try publish(daemon.port, "a", data) }
                let client = try Client.subscribed(daemon.port, "/events/a?replay=all")
                daemon.signal(SIGTERM)
                for number in 1...40 { #expect(try client.event().hasSuffix("-\(number)\ndata: \(data)")) }
                #expect(try client.readToEnd().hasPrefix("retry: ") && client.isComplete)
            }
        }

        @Test func `to terminate still lets a client that has just connected send its request`() async throws {
            try await withDaemon(["--set", "server.loops=1"], end: .stoppedByTest) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                let connected = try Client(daemon.port)
                // The loop accepts in order: after this answer it has accepted the client, which no later daemon can serve.
                #expect(try request(daemon.port, "GET /healthz").status == 200)
                daemon.signal(SIGTERM)
                // The end of this stream shows that crier is stopping.
                _ = try subscriber.readToEnd()
                try connected.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try connected.answer().status == 200)
            }
        }

        @Test func `to terminate disconnects clients that do not read`() async throws {
            try await withDaemon(["--set", "server.shutdown=300ms"], end: .stoppedByTest) { daemon in
                let stalled = try Client.subscribed(daemon.port, "/events/a")
                try stalled.socket.set(SOL_SOCKET, SO_RCVBUF, 4096)
                for _ in 0..<100 { try publish(daemon.port, "a", String(repeating: "x", count: 100_000)) }
                daemon.signal(SIGTERM)
                try await eventually("crier has stopped") { (try? Client(daemon.port)) == nil }
            }
        }

        @Test func `to hang up reloads the file, and clients stay connected`() async throws {
            let file = try TemporaryFile("[server]\nheartbeat = \"1h\"\n")
            let check: ([String]) throws -> Void = { lines in
                #expect(lines.contains { $0.contains("restart only key=history.store") }, "\(lines)")
            }
            try await withDaemon(["--config", file.path], log: check) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                try file.write("[server]\nheartbeat = \"1s\"\n[history]\nevents = 2\nstore = \"sqlite\"\n")
                daemon.signal(SIGHUP)
                #expect(try subscriber.read(until: "\n") == ":\n")
                for number in 0..<5 { try publish(daemon.port, "a", "\(number)") }
                for number in 0..<5 { #expect(try subscriber.read(until: "\n\n").hasSuffix("data: \(number)\n\n")) }
                #expect(try request(daemon.port, "GET /channels/a").body.contains("\"events\":2"))
            }
        }

        @Test func `to hang up starts the program anew when that is needed, and clients stay connected`() async throws {
            let file = try TemporaryFile("[server]\nloops = 1\n")
            let check: ([String]) throws -> Void = { lines in
                #expect(
                    lines.contains { $0.contains("continued the connections") && $0.contains("lost=0") }, "\(lines)")
            }
            try await withDaemon(["--config", file.path], log: check) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                try file.write("[server]\nloops = 3\nheartbeat = \"1s\"\n")
                daemon.signal(SIGHUP)
                #expect(try subscriber.read(until: "\n") == ":\n")
                try publish(daemon.port, "a", "still here")
                #expect(try subscriber.read(until: "\n\n").hasSuffix("data: still here\n\n"))
                let threads = try Directory.names("/proc/\(daemon.pid)/task").map {
                    try text(of: "/proc/\(daemon.pid)/task/\($0)/comm")
                }
                #expect(threads.count { $0.hasPrefix("crier-loop") } == 3)
            }
        }

        @Test func `to hang up survives a file that ends the TOML library`() async throws {
            let file = try TemporaryFile("")
            let check: ([String]) throws -> Void = { lines in
                #expect(lines.contains { $0.contains("is not TOML; the old one stays in force") }, "\(lines)")
            }
            try await withDaemon(["--config", file.path], log: check) { daemon in
                try file.write("[=x]\n")
                daemon.signal(SIGHUP)
                try publish(daemon.port, "a", "still here")
            }
        }

        @Test func `to hang up logs the mistakes in the file and changes nothing`() async throws {
            let file = try TemporaryFile("")
            try await withDaemon(
                ["--config", file.path],
                log: { lines in
                    #expect(lines.contains { $0.contains("\(file.path):2: server.heartbeat: must be") })
                    #expect(lines.contains { $0.contains("the old one stays in force") })
                }
            ) { daemon in
                try file.write("[server]\nheartbeat = 7\n")
                daemon.signal(SIGHUP)
                try publish(daemon.port, "a", "still here")
            }
        }
    }
}

/// A file that is deleted with its owner.
final class TemporaryFile {
    let path = "/tmp/crier-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    init(_ text: String) throws { try write(text) }

    deinit { unsafe unlink(path) }

    func write(_ text: String) throws {
        let file = unsafe fopen(path, "w")
        try #require(unsafe file != nil)
        unsafe fputs(text, file)
        unsafe fclose(file)
    }
}
