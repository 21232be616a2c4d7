import EventStreams
import Glibc
import Kernel
import Testing

/// Many subscribers, each of which checks what it gets.
private struct Crowd: ~Copyable {
    /// One of them.
    private struct Member {
        let channel: Int
        var parser = EventStreamParser()
        var isOpen = false
        var sawHead = false
        var head: [UInt8] = []
        var next = 0
    }

    private let sockets: [Client]
    private var members: [Member]
    private var poller: Poller
    private(set) var opened = 0
    private(set) var finished = 0
    private let events: Int
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)

    /// Connects `count` subscribers, spread over channels `c0`, `c1` and so on, each to get so many events.
    init(_ count: Int, channels: Int, events: Int, port: UInt16) throws {
        let poller = try Poller()
        var sockets: [Client] = []
        var members: [Member] = []
        for number in 0..<count {
            let client = try Client(port)
            try client.send("GET /events/c\(number % channels) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try client.socket.setNonBlocking(true)
            try poller.watch(client.socket, token: UInt64(number))
            sockets.append(client)
            members.append(Member(channel: number % channels))
        }
        self.poller = poller
        self.events = events
        self.sockets = sockets
        self.members = members
    }

    /// Reads until `isDone`; fails when nothing comes for twenty seconds.
    mutating func read(until isDone: (borrowing Crowd) -> Bool) throws {
        while !isDone(self) {
            let ready = try poller.wait(milliseconds: 60_000)
            try #require(ready > 0, "\(opened) opened, \(finished) finished, and nothing more comes")
            for index in 0..<ready { try read(Int(poller[index].token)) }
        }
    }

    private mutating func read(_ number: Int) throws {
        while case .bytes(let count) = sockets[number].socket.read(into: &buffer) {
            var bytes = buffer[..<count]
            if !members[number].sawHead {
                members[number].head += bytes
                guard let end = members[number].head.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
                    continue
                }
                members[number].sawHead = true
                bytes = members[number].head[end...]
            }
            for item in try members[number].parser.feed(bytes) { try take(item, number) }
        }
    }

    private mutating func take(_ item: StreamItem, _ number: Int) throws {
        switch item {
        case .comment, .retry:
            if !members[number].isOpen { opened += 1 }
            members[number].isOpen = true
        case .event(_, let data, _):
            try #require(data == "c\(members[number].channel) \(members[number].next)", "subscriber \(number)")
            members[number].next += 1
            if members[number].next == events { finished += 1 }
        }
    }
}

extension RealProcess {
    @Suite struct `A crowd` {
        /// A sanitizer makes everything ten times slower, and finds races in smaller crowds too.
        private static let scale = isSanitized ? 10 : 1

        @Test func `of 5,000 subscribers on 50 channels gets 100 events each, none lost, doubled or out of order`()
            async throws
        {
            try await withDaemon(["--set", "server.loops=2"]) { daemon in
                var crowd = try Crowd(5000 / Self.scale, channels: 50, events: 100, port: daemon.port)
                try crowd.read { $0.opened == 5000 / Self.scale }
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
                try crowd.read { $0.finished == 5000 / Self.scale }
            }
        }

        @Test func `of 50,000 that come and vanish leaves descriptors, channels and memory where they were`()
            async throws
        {
            try await withDaemon(["--set", "server.loops=2"]) { daemon in
                // The first thousand find their places; what comes after must not take more.
                try await vanish(1000, daemon)
                let before = (try daemon.descriptors, try daemon.anonymousMemory)
                try await vanish(50_000 / Self.scale, daemon)
                #expect(try request(daemon.port, "GET /channels").body == "{\"channels\":[],\"next\":null}\n")
                try await eventually("descriptors are where they were") { try daemon.descriptors <= before.0 }
                if !isSanitized { #expect(try daemon.anonymousMemory <= before.1 + 2048) }
            }
        }

        /// Subscribers that go: half by FIN and half by RST, some in the middle of their head, some after their stream opened.
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
            try await eventually("they are all gone") { try daemon.descriptors <= idle && isEmpty(daemon) }
        }

        private func isEmpty(_ daemon: Daemon) throws -> Bool {
            try request(daemon.port, "GET /channels").body == "{\"channels\":[],\"next\":null}\n"
        }

        @Test func `that comes back all at once gets what it missed, each of several channels in order`() async throws {
            try await withDaemon(["--set", "server.loops=2"]) { daemon in
                var ids: [String] = []
                for number in 0..<200 { ids.append(try publish(daemon.port, number % 2 == 0 ? "x" : "y", "\(number)")) }
                var clients: [Client] = []
                for number in 0..<200 {
                    let client = try Client(daemon.port)
                    try client.send(
                        "GET /events?channel=x&channel=y HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: \(ids[number % 100])\r\n\r\n"
                    )
                    clients.append(client)
                }
                for number in 200..<230 {
                    ids.append(try publish(daemon.port, number % 2 == 0 ? "x" : "y", "\(number)"))
                }
                for (number, returning) in clients.enumerated() {
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
