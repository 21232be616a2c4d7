import Glibc
import Kernel
import Testing

extension RealProcess {
    /// More of it is in Tests/Restarts and Tests/Systemd.
    @Suite struct `A restart in the same process` {
        @Test(arguments: [[], ["--set", "history.store=sqlite", "--set", "history.path=/dev/shm/crier-restart.db"]])
        func `goes on in the middle of an event, with everything that waits`(history: [String]) async throws {
            defer { for end in ["", "-wal", "-shm", ".lock"] { unsafe unlink("/dev/shm/crier-restart.db" + end) } }
            let arguments =
                ["--set", "history.events=1000", "--set", "history.bytes=64MiB", "--set", "server.dead-peer=1h"]
                + history
            try await withDaemon(arguments) { daemon in
                let stalled = try (0..<3).map { number in
                    let client = try Client.subscribed(daemon.port, number == 2 ? "/events?channel=*" : "/events/a")
                    try client.socket.set(SOL_SOCKET, SO_RCVBUF, 16 * 1024)
                    return client
                }
                let live = try Client.subscribed(daemon.port, "/events/a")
                var expected: [String] = []
                for round in 0..<4 {
                    for number in 0..<20 {
                        let data = String(repeating: "\(round)", count: 10_000) + "\(number)"
                        try publish(daemon.port, "a", data)
                        expected.append("data: \(data)\n\n")
                        #expect(try live.read(until: "\n\n").hasSuffix(expected.last!))
                    }
                    daemon.signal(SIGUSR2)
                    // The client waits in the backlog until the new program accepts it.
                    try await eventually("the daemon answers") {
                        (try? request(daemon.port, "GET /healthz").status) == 200
                    }
                }
                for client in stalled {
                    // With a small window the kernel of the sender would wait for a timer again and again.
                    try client.socket.set(SOL_SOCKET, SO_RCVBUF, 1 << 20)
                    for data in expected { #expect(try client.read(until: "\n\n").hasSuffix(data)) }
                }
            }
        }

        @Test func `keeps the connection of a publisher, its numbers and its idempotency keys`() async throws {
            try await withDaemon { daemon in
                let publisher = try Client(daemon.port)
                func publish(_ key: String) throws -> String {
                    try publisher.send(
                        "POST /events/a HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \(key)\r\nContent-Length: 1\r\n\r\nx"
                    )
                    return try publisher.answer().body
                }
                let first = try publish("one")
                daemon.signal(SIGUSR2)
                #expect(try publish("one") == first)
                daemon.signal(SIGUSR2)
                #expect(try publish("two").contains("-2\""))
            }
        }

        @Test func `does not lose a signal to stop that comes in the middle`() async throws {
            for _ in 0..<3 {
                try await withDaemon { daemon in
                    daemon.signal(SIGUSR2)
                    _ = try request(daemon.port, "GET /healthz")
                    daemon.signal(SIGUSR2)
                    // Now withDaemon sends SIGTERM.
                }
            }
        }
    }
}
