import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `Subscribers that stall while a publisher goes on` {
        @Test func `get each event once and in order`() async throws {
            let flags = ["server.loops=1", "limits.unsent=4KiB", "history.events=10000", "history.bytes=64MiB"]
            try await withDaemon(flags.flatMap { ["--set", $0] }) { daemon in
                // So many that the daemon needs several turns for all of them, and has new events in each.
                let subscribers = try (0..<(isSanitized ? 50 : 200)).map { _ in
                    try Client.subscribed(daemon.port, "/events/a")
                }
                let publisher = try Client(daemon.port)
                let data = String(repeating: "x", count: 4000)
                var expected: [UInt8] = []
                // More than the kernel takes for a subscriber that does not read.
                for number in 0..<100 {
                    let event = "\(number) \(data)"
                    try publisher.send(
                        "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(event.utf8.count)\r\n\r\n\(event)"
                    )
                    expected += Array("id: \(try publisher.answer().id)\ndata: \(event)\n\n".utf8)
                }
                for (number, subscriber) in subscribers.enumerated() {
                    let isRight = try subscriber.read(expected.count) == expected
                    try #require(isRight, "subscriber \(number)")
                }
            }
        }
    }

    @Suite(.endsInTime()) struct `Publishers whose subscribers all leave at once` {
        @Test func `are not held for what was on its way to them`() async throws {
            let flags = ["server.loops=2", "limits.fanout-backlog=1KiB", "server.heartbeat=1h"]
            try await withDaemon(flags.flatMap { ["--set", $0] }) { daemon in
                let channels = 200
                let data = String(repeating: "x", count: 2000)
                let clients = try (0..<16).map { _ in try Client(daemon.port) }
                for _ in 0..<(isSanitized ? 1 : 3) {
                    var subscribers = try (0..<channels).map { try Client.subscribed(daemon.port, "/events/c\($0)") }
                    let senders = try clients.indices.map { number in
                        try Sender(
                            clients[number].socket,
                            (0..<channels).map { step in
                                "POST /events/c\((number * 13 + step * 7) % channels) HTTP/1.1\r\nHost: localhost\r\n"
                                    + "Content-Length: \(data.utf8.count)\r\n\r\n\(data)"
                            }.joined())
                    }
                    _ = try subscribers[channels / 2].event()
                    for subscriber in subscribers { try subscriber.socket.resetWhenClosed() }
                    subscribers = []
                    for client in clients {
                        for _ in 0..<channels { try #require(try client.answer().status == 200) }
                    }
                    for sender in senders { sender.join() }
                }
            }
        }
    }
}
