import EventStreams
import Glibc
import Kernel
import Testing
import TimeLimits

/// A configuration with small sockets: a subscriber that does not read is slow after some KiB.
private func configuration(_ slow: String, loops: Int = 2) throws -> TemporaryFile {
    try TemporaryFile(
        """
        [server]
        loops = \(loops)
        [limits]
        unsent = "4KiB"
        [history]
        events = 100000
        bytes = "64MiB"
        [slow]
        \(slow)
        """)
}

/// A subscriber that reads nothing after the beginning of its stream.
private func stalled(_ port: UInt16, _ target: String, receive: CInt = 32 * 1024) throws -> Client {
    let client = try Client(port)
    try client.socket.set(SOL_SOCKET, SO_RCVBUF, receive)
    try client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    _ = try client.read(until: "\r\n\r\n")
    _ = try client.read(until: "\nretry: ")
    _ = try client.read(until: "\n")
    return client
}

/// Data of about 4 KB that begins with a number.
private func data(_ number: Int) -> String { "\(number) " + String(repeating: "x", count: 4000) }

/// The events of a stream: numbers, and the text of crier's own events.
private struct Story {
    var said: [String] = []
    private(set) var lastEventID = ""

    init(_ stream: some Sequence<UInt8>) throws {
        var parser = EventStreamParser()
        for case .event(let type, let data, let id) in try parser.feed(Array(stream)) {
            said.append(type.hasPrefix("crier.") ? "\(type) \(data)" : String(data.prefix { $0 != " " }))
            lastEventID = id
        }
    }

    var numbers: [Int] { said.compactMap { Int($0) } }
    var gaps: [String] { said.filter { $0.hasPrefix("crier.gap") } }
}

/// All that a subscriber gets, up to and including an event.
private func story(of client: Client, through marker: String) throws -> Story {
    let stream = try client.read(until: marker)
    return try Story((stream + (try client.read(until: "\n\n"))).utf8)
}

extension RealProcess {
    @Suite(.endsInTime()) struct `A slow reader` {
        @Test(arguments: ["events = 20", "bytes = \"64KiB\"", "age = \"1s\""])
        func `is disconnected by the limit that it passes, and resumes without losing anything`(
            _ limit: String
        ) async throws {
            let file = try configuration("action = \"disconnect\"\n\(limit)")
            let lag = limit.prefix { $0 != " " }
            try await withDaemon(
                ["--config", file.path],
                log: { lines in
                    let cuts = lines.filter { $0.contains("a slow subscriber was cut off") }
                    #expect(cuts.count == 1)
                    #expect(cuts[0].contains("lag=\(lag)") && cuts[0].contains("peer=127.0.0.1:"), "\(cuts)")
                }
            ) { daemon in
                let reader = try stalled(daemon.port, "/events/a")
                for number in 1...80 { try publish(daemon.port, "a", data(number)) }
                try await eventually("crier has disconnected it") { try subscribers(daemon.port, "a") == 0 }
                let first = try Story(try reader.readToEnd().utf8)
                #expect(first.numbers.count < 80 && first.gaps.isEmpty)
                let again = try Client.subscribed(daemon.port, "/events/a", lastEventID: first.lastEventID)
                let second = try story(of: again, through: "data: 80 ")
                #expect(first.said + second.said == (1...80).map(String.init))
            }
        }

        /// The heartbeat is an hour away: crier notices only because it checks the lag.
        @Test func `is disconnected in time although it reads a little and stalls again`() async throws {
            let file = try configuration("events = 17000")
            try await withDaemon(["--config", file.path, "--set", "server.heartbeat=1h"]) { daemon in
                let reader = try stalled(daemon.port, "/events/a", receive: 64 * 1024)
                func publish(_ count: Int) throws {
                    let head = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                    for _ in 0..<count / 500 {
                        let publisher = try Client(daemon.port)
                        let requests = String(repeating: head + "\r\n", count: 499)
                        try publisher.send(requests + head + "Connection: close\r\n\r\n")
                        _ = try publisher.readToEnd()
                    }
                }
                try publish(16_000)
                // The sockets hold less than 200 KB, and the events are 420 KB.
                _ = try reader.read(100_000)
                #expect(try subscribers(daemon.port, "a") == 1)
                try publish(14_000)
                try await eventually("crier has disconnected it") { try subscribers(daemon.port, "a") == 0 }
            }
        }

        @Test func `skips to the newest event and gets crier.gap with the number it lost`() async throws {
            let file = try configuration("action = \"skip\"\nevents = 20")
            try await withDaemon(
                ["--config", file.path],
                log: { lines in
                    #expect(lines.contains { $0.contains("skipped events") && $0.contains("lag=events") }, "\(lines)")
                }
            ) { daemon in
                let reader = try stalled(daemon.port, "/events?channel=a&channel=b")
                var id = ""
                for number in 1...80 { id = try publish(daemon.port, "a", data(number)) }
                let story = try story(of: reader, through: "data: 80 ")
                let got = story.numbers.dropLast()
                #expect(Array(got) == Array(1...got.count) && got.count < 60)
                #expect(story.said.count == got.count + 2 && story.gaps.count == 1)
                #expect(
                    story.gaps.first?.hasSuffix(
                        "\"oldest\":\"\(id)\",\"newest\":\"\(id)\",\"lost\":\(79 - got.count)}") == true,
                    "\(story.gaps)")
                try publish(daemon.port, "b", "still here")
                #expect(try reader.event().hasSuffix("data: still here"))
            }
        }

        @Test func `gets only the latest event of each key, and never a key`() async throws {
            let file = try configuration("action = \"latest\"")
            try await withDaemon(["--config", file.path]) { daemon in
                let reader = try stalled(daemon.port, "/events/a")
                for number in 1...80 { try publish(daemon.port, "a", data(number), query: "?key=secret\(number % 4)") }
                let stream = try reader.read(until: "data: 80 ") + (try reader.read(until: "\n\n"))
                let numbers = try Story(stream.utf8).numbers
                #expect(Array(numbers.suffix(4)) == [77, 78, 79, 80])
                #expect(Array(numbers.dropLast(4)) == Array(1...numbers.count - 4) && numbers.count < 60)
                #expect(!stream.contains("secret") && !stream.contains("crier."))
            }
        }

        @Test func `of a deleted channel gets crier.gap and crier.end when it is disconnected`() async throws {
            let file = try configuration("age = \"1s\"")
            try await withDaemon(["--config", file.path, "--set", "server.heartbeat=1s"]) { daemon in
                let reader = try stalled(daemon.port, "/events/a")
                for number in 1...80 { try publish(daemon.port, "a", data(number)) }
                try request(daemon.port, "DELETE /channels/a")
                // The test cannot see when crier disconnects it, so it waits for heartbeats of another stream.
                let clock = try Client.subscribed(daemon.port, "/events/clock")
                for _ in 0..<4 { #expect(try clock.read(until: "\n") == ":\n") }
                let story = try Story(try reader.readToEnd().utf8)
                let got = story.numbers.count
                #expect(story.numbers == Array(1...got))
                #expect(
                    story.said.suffix(2).first?.hasSuffix(
                        "\"oldest\":null,\"newest\":null,\"lost\":\(80 - got)}") == true,
                    "\(story.said.suffix(3))")
                #expect(story.said.last == "crier.end {\"channel\":\"a\"}")
            }
        }

        @Test func `gets the rest of a begun event without any history`() async throws {
            let file = try configuration("age = \"0s\"")
            let flags = ["--set", "history.events=0", "--set", "server.heartbeat=1s"]
            try await withDaemon(["--config", file.path] + flags) { daemon in
                let reader = try stalled(daemon.port, "/events/a")
                let large = String(repeating: "x", count: 500_000)
                let id = try publish(daemon.port, "a", large)
                let clock = try Client.subscribed(daemon.port, "/events/clock")
                for _ in 0..<3 { #expect(try clock.read(until: "\n") == ":\n") }
                #expect(try reader.event() == "id: \(id)\ndata: \(large)")
                // Only a live subscriber gets heartbeats. Before that, no history would hold the next event for it.
                #expect(try reader.read(until: "\n") == ":\n")
                let next = try publish(daemon.port, "a", "next")
                #expect(try reader.event().hasSuffix("id: \(next)\ndata: next"))
            }
        }

        @Test func `that has caught up gets heartbeats when they are due, and no sooner`() async throws {
            let file = try configuration("events = 5")
            try await withDaemon(["--config", file.path, "--set", "server.heartbeat=1h"]) { daemon in
                let reader = try stalled(daemon.port, "/events/a")
                let large = String(repeating: "x", count: 500_000)
                let id = try publish(daemon.port, "a", large)
                let other = try stalled(daemon.port, "/events/b")
                for number in 1...80 { try publish(daemon.port, "b", data(number)) }
                #expect(try reader.event() == "id: \(id)\ndata: \(large)")
                // crier checks the other later than this one: by then, a heartbeat that is too early has arrived.
                try await eventually("crier has disconnected the other") { try subscribers(daemon.port, "b") == 0 }
                let next = try publish(daemon.port, "a", "next")
                #expect(try reader.event() == "id: \(next)\ndata: next")
                _ = other
            }
        }

        @Test func `is logged in ten lines in ten seconds at most`() async throws {
            let file = try configuration("events = 5", loops: 1)
            try await withDaemon(
                ["--config", file.path],
                log: { lines in
                    let cuts = lines.filter { $0.contains("a slow subscriber was cut off") }
                    #expect(cuts.count == 10, "\(cuts.count) lines")
                }
            ) { daemon in
                var readers: [Client] = []
                for _ in 0..<30 { readers.append(try stalled(daemon.port, "/events/a")) }
                #expect(try subscribers(daemon.port, "a") == 30)
                for number in 1...60 { try publish(daemon.port, "a", data(number)) }
                try await eventually("crier has disconnected all of them") { try subscribers(daemon.port, "a") == 0 }
                readers.removeAll()
            }
        }
    }

    @Suite(.endsInTime()) struct `A publisher with a key` {
        @Test func `may make it 256 bytes long`() async throws {
            try await withDaemon { daemon in
                let key = String(repeating: "k", count: 256)
                for (query, status) in [(key, 200), (key + "k", 400), ("a%0Ab", 400)] {
                    let answer = try request(daemon.port, "POST /events/a?key=\(query)", body: "x")
                    #expect(answer.status == status, "\(answer)")
                }
            }
        }
    }

    @Suite(.endsInTime()) struct `A publisher that waits` {
        @Test func `goes on when you raise the limit`() async throws {
            let file = try TemporaryFile("[server]\nloops = 1\n[limits]\nfanout-backlog = 1\n")
            try await withDaemon(["--config", file.path]) { daemon in
                var readers: [Client] = []
                for _ in 0..<200 { readers.append(try Client.subscribed(daemon.port, "/events/a")) }
                let publisher = try Client(daemon.port)
                let one = "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
                try publisher.send(String(repeating: one, count: 400))
                for number in 0..<400 {
                    #expect(try publisher.answer().status == 200, "\(number)")
                    guard number == 20 else { continue }
                    try file.write("[server]\nloops = 1\n[limits]\nfanout-backlog = \"1GiB\"\n")
                    daemon.signal(SIGHUP)
                }
            }
        }
    }

    @Suite(.endsInTime()) struct `A subscriber of several channels` {
        @Test func `goes on when you delete one of them in the middle of a burst`() async throws {
            try await withDaemon(["--set", "server.loops=1"]) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events?channel=a&channel=b")
                let client = try Client(daemon.port)
                // Both in one packet, so that the loop gets both in the same turn.
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
                        + "DELETE /channels/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let id = try client.answer().id
                #expect(try client.answer().status == 200)
                #expect(try subscriber.event() == "id: \(id)\ndata: x")
                #expect(try subscriber.event() == "event: crier.end\ndata: {\"channel\":\"b\"}")
                let next = try publish(daemon.port, "a", "still here")
                #expect(try subscriber.event() == "id: \(next)\ndata: still here")
            }
        }
    }
}
