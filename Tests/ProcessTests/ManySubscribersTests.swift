import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime(seconds: 300)) struct `Many subscribers` {
        /// A sanitizer makes everything ten times slower, and finds races among fewer subscribers too.
        private static let scale = isSanitized ? 10 : 1

        @Test func `on 50 channels get 100 events each, none lost, doubled or out of order`()
            async throws
        {
            try await withDaemon(["--set", "server.loops=2"]) { daemon in
                var pool = try SubscriberPool(5000 / Self.scale, channels: 50, events: 100, port: daemon.port)
                try pool.read { $0.opened == 5000 / Self.scale }
                let publisher = try Client(daemon.port)
                for event in 0..<100 {
                    for channel in 0..<50 {
                        let data = "c\(channel) \(event)"
                        try publisher.send(
                            "POST /events/c\(channel) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(data.count)\r\n\r\n\(data)"
                        )
                    }
                    for _ in 0..<50 { try #require(try publisher.answer().status == 200) }
                }
                try pool.read { $0.finished == 5000 / Self.scale }
            }
        }

        @Test func `that connect and disconnect leave descriptors, channels and memory where they were`()
            async throws
        {
            try await withDaemon(["--set", "server.loops=2"]) { daemon in
                // crier allocates for the first thousand, and must not need more for the others.
                try await vanish(1000, daemon)
                let before = (try daemon.descriptors, try daemon.anonymousMemory)
                try await vanish(50_000 / Self.scale, daemon)
                #expect(try request(daemon.port, "GET /channels").body == "{\"channels\":[],\"next\":null}\n")
                try await eventually("descriptors are where they were") { try daemon.descriptors <= before.0 }
                if !isSanitized { #expect(try daemon.anonymousMemory <= before.1 + 2048) }
            }
        }

        /// Subscribers that disconnect: half by FIN and half by RST, some in the middle of their head, some after their stream opened.
        private func vanish(_ count: Int, _ daemon: Daemon) async throws {
            let (idle, batch) = (try daemon.descriptors, 250)
            for start in stride(from: 0, to: count, by: batch) {
                var clients: [Client] = []
                for number in start..<min(start + batch, count) {
                    let client = try Client(daemon.port)
                    let request = "GET /events/v\(number % 97) HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    try client.send(String(number % 5 == 0 ? request.dropLast(number % 30 + 1) : request[...]))
                    if number % 2 == 0 { try client.socket.resetWhenClosed() }
                    clients.append(client)
                }
                for (offset, leaving) in clients.enumerated() where (start + offset) % 5 == 1 {
                    _ = try leaving.read(until: "retry: ")
                }
            }
            try await eventually("no connection is left") { try daemon.descriptors <= idle && isEmpty(daemon) }
        }

        private func isEmpty(_ daemon: Daemon) throws -> Bool {
            try request(daemon.port, "GET /channels").body == "{\"channels\":[],\"next\":null}\n"
        }

        @Test func `that resume from the same position at once get the events in their own forms`() async throws {
            try await withDaemon(["--set", "server.loops=1"]) { daemon in
                let first = try publish(daemon.port, "a", "0")
                var ids: [String] = []
                for number in 1...30 { ids.append(try publish(daemon.port, "a", "\(number)")) }
                var clients: [Client] = []
                for _ in 0..<40 { clients.append(try Client(daemon.port)) }
                // All requests lie in the kernel when the loop goes on.
                daemon.signal(SIGSTOP)
                for (number, client) in clients.enumerated() {
                    let version = number % 2 == 0 ? "HTTP/1.0" : "HTTP/1.1"
                    try client.send(
                        "GET /events/a \(version)\r\nHost: localhost\r\nLast-Event-ID: \(first)\r\n\r\n")
                }
                daemon.signal(SIGCONT)
                for client in clients {
                    _ = try client.read(until: "\nretry: ")
                    _ = try client.read(until: "\n")
                    for (index, id) in ids.enumerated() {
                        try #require(try client.event() == "id: \(id)\ndata: \(index + 1)")
                    }
                }
            }
        }

        @Test func `that reconnect at the same time get the events they missed, in order and in their own forms`()
            async throws
        {
            try await withDaemon(["--set", "server.loops=2"]) { daemon in
                var ids: [String] = []
                for number in 0..<200 { ids.append(try publish(daemon.port, number % 2 == 0 ? "x" : "y", "\(number)")) }
                var clients: [Client] = []
                for number in 0..<200 {
                    let client = try Client(daemon.port)
                    // Every third one needs events without chunks.
                    let version = number % 3 == 0 ? "HTTP/1.0" : "HTTP/1.1"
                    try client.send(
                        "GET /events?channel=x&channel=y \(version)\r\nHost: localhost\r\nLast-Event-ID: \(ids[number % 100])\r\n\r\n"
                    )
                    clients.append(client)
                }
                for number in 200..<230 {
                    ids.append(try publish(daemon.port, number % 2 == 0 ? "x" : "y", "\(number)"))
                }
                for (number, returning) in clients.enumerated() {
                    _ = try returning.read(until: "\r\n\r\n")
                    _ = try returning.read(until: "\nretry: ")
                    _ = try returning.read(until: "\n")
                    for missed in (number % 100 + 1)..<230 {
                        try #require(try returning.event() == "id: \(ids[missed])\ndata: \(missed)")
                    }
                }
            }
        }
    }
}
