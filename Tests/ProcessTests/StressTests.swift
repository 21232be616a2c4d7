import EventStreams
import Glibc
import HTTPMessages
import Kernel
import Subprocess
import SeededRandom
import Testing
import TimeLimits

/// The published events, in order. Every stream must agree with them.
private struct Model {
    struct Entry {
        let sequence: Int
        let channel: String
        let key: String?
        let data: String
    }

    private(set) var log: [Entry] = []

    mutating func note(_ entry: Entry) { log.append(entry) }

    /// The events that a subscriber of some channels gets after a position if crier never drops one.
    func events(of channels: Set<String>, after sequence: Int) -> [Entry] {
        log.filter { $0.sequence > sequence && channels.contains($0.channel) }
    }
}

/// A subscriber that reads at once, slowly or not at all, disconnects and reconnects.
private final class RestlessSubscriber {
    enum Pace { case prompt, slow, stalled, away }

    let channels: Set<String>
    private(set) var pace = Pace.prompt
    private var socket: Descriptor?
    private var parser = EventStreamParser()
    private var decoder = StreamDecoder()
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// The position where this connection began, and the events it has got.
    private var start = 0
    private var got: [(sequence: Int, data: String)] = []
    /// How many events crier.gap said are lost, or nil for unknown, with how many had come before.
    private var gaps: [(position: Int, lost: Int?)] = []

    private(set) var gapsTold = 0
    private(set) var cuts = 0

    init(_ channels: Set<String>) {
        self.channels = channels
    }

    var last: Int { got.last?.sequence ?? start }

    /// Subscribes, and waits until the stream has begun, so that nothing published from here on is missed.
    func arrive(_ port: UInt16, _ model: Model) throws {
        let address = try #require(try SocketAddress.resolve(host: "127.0.0.1", port: port).first)
        let client = try Descriptor.connect(to: address)
        try client.set(SOL_SOCKET, SO_RCVBUF, 32 * 1024)
        let names = channels.sorted().map { "channel=\($0)" }.joined(separator: "&")
        let position = parser.lastEventID.isEmpty ? "" : "Last-Event-ID: \(parser.lastEventID)\r\n"
        guard
            case .wrote = client.send(Array("GET /events?\(names) HTTP/1.1\r\nHost: localhost\r\n\(position)\r\n".utf8))
        else { throw Client.Unexpected(description: "the daemon takes no request") }
        socket = consume client
        (parser, decoder) = (EventStreamParser(lastEventID: parser.lastEventID), StreamDecoder())
        // A subscriber that has never got an event has no position, and begins at the head.
        start = parser.lastEventID.isEmpty ? model.log.last?.sequence ?? 0 : last
        (got, gaps) = ([], [])
        while decoder.head == nil { try read(64 * 1024) }
        try socket?.setNonBlocking(true)
        pace = .prompt
    }

    func become(_ pace: Pace) { if socket != nil { self.pace = pace } }

    /// Disconnects, by FIN or by RST.
    func vanish(byReset: Bool) throws {
        if byReset { try socket?.resetWhenClosed() }
        socket = nil
        pace = .away
    }

    /// Reads at its pace.
    func act() throws {
        switch pace {
        case .prompt: while try read(64 * 1024) {}
        case .slow: try read(5000)
        case .stalled, .away: return
        }
    }

    /// - Returns: whether something came.
    @discardableResult
    private func read(_ limit: Int) throws -> Bool {
        guard let outcome = receive(limit) else { return false }
        switch outcome {
        case .wouldBlock: return false
        case .end, .failed:
            cuts += 1
            socket = nil
            pace = .away
            return false
        case .bytes(let count):
            let bytes = try decoder.feed(buffer[..<count])
            try #require(decoder.head.map { $0.status == 200 } != false)
            for item in try parser.feed(bytes) { try take(item) }
            return true
        }
    }

    private func receive(_ limit: Int) -> ReadOutcome? {
        if buffer.count != limit { buffer = [UInt8](repeating: 0, count: limit) }
        return socket?.read(into: &buffer)
    }

    private func take(_ item: StreamItem) throws {
        guard case .event(let type, let data, let id) = item else { return }
        if type == "crier.gap" {
            let lost = data.firstRange(of: "\"lost\":").flatMap { Int(data[$0.upperBound...].dropLast()) }
            gaps.append((got.count, lost))
            gapsTold += 1
        } else {
            let sequence = try #require(id.split(separator: "-").last.flatMap { Int($0) })
            got.append((sequence, data))
        }
    }

    /// Compares the events of this connection with the model.
    func check(_ model: Model, isComplete: Bool, _ comment: String) throws {
        var expected = model.events(of: channels, after: start)[...]
        var missing = 0
        var gaps = self.gaps[...]
        var told: Int? = 0
        func goOn(to sequence: Int, after events: Int) throws {
            while let gap = gaps.first, gap.position <= events {
                told = told.flatMap { sum in gap.lost.map { sum + $0 } }
                gaps.removeFirst()
            }
            while let entry = expected.first, entry.sequence < sequence {
                if !isMadeUpFor(entry, model) { missing += 1 }
                expected.removeFirst()
            }
            try #require(
                missing <= told ?? .max,
                "\(comment): \(missing) are missing before \(sequence), and \(told ?? -1) were told of")
        }
        for (index, event) in got.enumerated() {
            try goOn(to: event.sequence, after: index)
            let entry = expected.popFirst()
            try #require(
                entry?.sequence == event.sequence,
                "\(comment): \(event.sequence) came twice, out of order, or from nowhere")
            try #require(entry?.data == event.data, "\(comment): \(event.sequence) is not what was published")
        }
        guard isComplete else { return }
        try goOn(to: .max, after: got.count)
        if let told, !channels.contains(where: { $0.hasPrefix("l/") }) {
            try #require(missing == told, "\(comment): \(missing) are missing, and \(told) were told of")
        }
    }

    /// With `latest` an event may go without a word when a newer one about the same key makes up for it.
    private func isMadeUpFor(_ entry: Model.Entry, _ model: Model) -> Bool {
        entry.channel.hasPrefix("l/")
            && model.log.contains {
                $0.sequence > entry.sequence && $0.channel == entry.channel && $0.key == entry.key
            }
    }
}

extension RealProcess {
    @Suite(.endsInTime()) struct `Under stress` {
        private static let channels = ["d/0", "d/1", "s/0", "s/1", "l/0", "l/1"]

        /// Rounds of the test; `make stress` sets another number, and another seed.
        private static let rounds = number(of: "TEST_STRESS_ROUNDS") ?? (isSanitized ? 1 : 2)
        private static let seed = number(of: "TEST_STRESS_SEED") ?? Int.random(in: 0..<1_000_000)

        private static func number(of variable: String) -> Int? {
            unsafe getenv(variable).flatMap { unsafe Int(String(cString: $0)) }
        }

        @Test(.endsInTime(seconds: 60 + 30 * rounds))
        func `each stream is exactly the log, with crier.gap where the policy drops events`() async throws {
            print("TEST_STRESS_SEED=\(Self.seed) repeats this")
            for round in 0..<Self.rounds { try await run(seed: UInt64(Self.seed + round)) }
        }

        private func run(seed: UInt64) async throws {
            var generator = SplitMix(state: seed)
            let file = try TemporaryFile(
                """
                [server]
                loops = 2
                [limits]
                unsent = "4KiB"
                [history]
                events = \([40, 150, 400].randomElement(using: &generator)!)
                [[channel]]
                pattern = "s/*"
                slow = "skip"
                slow-events = 60
                [[channel]]
                pattern = "l/*"
                slow = "latest"
                [[channel]]
                pattern = "d/*"
                slow-bytes = "64KiB"
                """)
            try await withDaemon(["--config", file.path]) { daemon in
                var model = Model()
                var publisher = try StressPublisher(daemon.port)
                try publisher.publish(1, to: Self.channels, &model, &generator)
                var subscribers: [RestlessSubscriber] = []
                for _ in 0..<30 {
                    let count = [1, 1, 1, 2, 3].randomElement(using: &generator)!
                    // Nobody can say which events `latest` left out, so the two kinds do not mix.
                    let kinds = Bool.random(using: &generator) ? ["l/0", "l/1"] : ["d/0", "d/1", "s/0", "s/1"]
                    let subscriber = RestlessSubscriber(Set(kinds.shuffled(using: &generator).prefix(count)))
                    try subscriber.arrive(daemon.port, model)
                    subscribers.append(subscriber)
                }
                for _ in 0..<100 {
                    let burst = [1, 5, 20, 60].randomElement(using: &generator)!
                    try publisher.publish(burst, to: Self.channels, &model, &generator)
                    for subscriber in subscribers {
                        try step(subscriber, model, daemon.port, "seed \(seed)", &generator)
                    }
                }
                try await finish(subscribers, model, daemon.port, "seed \(seed)")
            }
        }

        private func step(
            _ subscriber: RestlessSubscriber, _ model: Model, _ port: UInt16, _ comment: String,
            _ generator: inout SplitMix
        ) throws {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<6: subscriber.become(.stalled)
            case 6..<12: subscriber.become(.slow)
            case 12..<20: subscriber.become(.prompt)
            case 20..<23:
                if subscriber.pace != .away { try subscriber.check(model, isComplete: false, comment) }
                try subscriber.vanish(byReset: Bool.random(using: &generator))
            case 23..<50 where subscriber.pace == .away:
                try subscriber.check(model, isComplete: false, comment)
                try subscriber.arrive(port, model)
            default: break
            }
            try subscriber.act()
        }

        /// Lets every subscriber reconnect and read to the end of the log.
        private func finish(_ subscribers: [RestlessSubscriber], _ model: Model, _ port: UInt16, _ comment: String)
            async throws
        {
            for (number, subscriber) in subscribers.enumerated() {
                let comment = "\(comment), subscriber \(number) of \(subscriber.channels.sorted())"
                let end = model.events(of: subscriber.channels, after: 0).last?.sequence ?? 0
                try await eventually("\(comment) has event \(end)") {
                    if subscriber.pace == .away {
                        try subscriber.check(model, isComplete: false, comment)
                        try subscriber.arrive(port, model)
                    }
                    subscriber.become(.prompt)
                    try subscriber.act()
                    return subscriber.last >= end
                }
                try subscriber.check(model, isComplete: true, comment)
            }
        }
    }
}

/// Publishes in bursts without waiting in between, and notes what was answered.
private struct StressPublisher {
    private let client: Client
    private var count = 0

    init(_ port: UInt16) throws { client = try Client(port) }

    mutating func publish(
        _ burst: Int, to channels: [String], _ model: inout Model, _ generator: inout SplitMix
    ) throws {
        var batch: [(channel: String, key: String?, data: String)] = []
        for _ in 0..<burst {
            count += 1
            let channel = channels.randomElement(using: &generator)!
            let key = Bool.random(using: &generator) ? nil : "k\(Int.random(in: 0..<4, using: &generator))"
            let size = Int.random(in: 0..<5000, using: &generator)
            let data = "\(count) " + String(repeating: "x", count: size)
            batch.append((channel, key, data))
            try client.send(
                "POST /events/\(channel)\(key.map { "?key=\($0)" } ?? "") HTTP/1.1\r\nHost: localhost\r\n"
                    + "Content-Length: \(data.utf8.count)\r\n\r\n\(data)")
        }
        for (channel, key, data) in batch {
            let answer = try client.answer()
            try #require(answer.status == 200)
            let sequence = try #require(answer.id.split(separator: "-").last.flatMap { Int($0) })
            model.note(Model.Entry(sequence: sequence, channel: channel, key: key, data: data))
        }
    }
}
