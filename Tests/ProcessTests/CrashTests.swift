import EventStreams
import Glibc
import HTTPMessages
import Kernel
import SeededRandom
import Subprocess
import SystemPackage
import Testing
import TimeLimits

/// The answers that publishers got. Every stream must agree with them.
private struct Ledger {
    /// The data of every event that was answered, by its number in the log.
    var answered: [Int: (channel: String, data: String)] = [:]
    /// Sent and not answered. Each may be in the log, but only once.
    var unanswered: Set<String> = []
}

/// A publisher that waits for each answer before it sends its next event.
private final class ClosedLoopPublisher {
    private let name: String
    private var client: Client?
    private var count = 0
    private var pending: (channel: String, data: String)?

    init(_ name: String) { self.name = name }

    func arrive(_ port: UInt16) throws { client = try Client(port) }

    /// - Returns: whether the daemon took it.
    func send(to channel: String) -> Bool {
        guard let client else { return false }
        count += 1
        let data = "\(name)-\(count) " + String(repeating: "x", count: count % 700)
        pending = (channel, data)
        do {
            try client.send(
                "POST /events/\(channel) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(data.utf8.count)\r\n\r\n\(data)"
            )
            return true
        } catch {
            return false
        }
    }

    /// - Returns: whether the answer came.
    func answer(_ ledger: inout Ledger) throws -> Bool {
        guard let client, let (channel, data) = pending else { return false }
        guard let answer = try? client.answer() else {
            ledger.unanswered.insert(data)
            pending = nil
            return false
        }
        try #require(answer.status == 200, "\(answer)")
        let sequence = try #require(answer.id.split(separator: "-").last.flatMap { Int($0) })
        try #require(ledger.answered[sequence] == nil, "two events have the number \(sequence)")
        ledger.answered[sequence] = (channel, data)
        pending = nil
        return true
    }
}

/// A subscriber that reconnects with the last id it has seen.
private final class ResumingSubscriber {
    let target: String
    /// Whether a channel is one of its own.
    let covers: (String) -> Bool
    private var socket: Descriptor?
    private var parser = EventStreamParser()
    private var decoder = StreamDecoder()
    private(set) var got: [(sequence: Int, data: String)] = []
    private(set) var strays: [String] = []

    init(_ target: String, _ covers: @escaping (String) -> Bool) {
        self.target = target
        self.covers = covers
    }

    func arrive(_ port: UInt16) throws {
        let client = try Descriptor.connect(
            to: try #require(try SocketAddress.resolve(host: "127.0.0.1", port: port).first))
        parser = EventStreamParser(lastEventID: parser.lastEventID)
        let position = parser.lastEventID.isEmpty ? "" : "Last-Event-ID: \(parser.lastEventID)\r\n"
        let request = "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(position)\r\n"
        guard case .wrote(request.utf8.count) = client.send(Array(request.utf8)) else { return }
        try client.setNonBlocking(true)
        socket = consume client
        decoder = StreamDecoder()
    }

    /// Takes what has come.
    func read() throws {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            switch socket?.read(into: &buffer) {
            case .bytes(let count): try take(buffer[..<count])
            case .wouldBlock, nil: return
            case .end, .failed:
                socket = nil
                return
            }
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) throws {
        let body = try decoder.feed(bytes)
        try #require(decoder.head.map { $0.status == 200 } != false)
        for case .event(let type, let data, let id) in try parser.feed(body) {
            if type == "message", let sequence = id.split(separator: "-").last.flatMap({ Int($0) }) {
                got.append((sequence, data))
            } else {
                strays.append("\(type) \(data)")
            }
        }
    }

    /// Compares the events that it got with the answers that publishers got.
    func check(_ ledger: Ledger, _ comment: String) throws {
        #expect(strays == [], "\(comment): \(target) was told of something else")
        var last = 0
        var unconfirmed: Set<String> = []
        var mine = ledger.answered.filter { covers($0.value.channel) }
        for (sequence, data) in got {
            try #require(sequence > last, "\(comment): \(target) got \(sequence) after \(last)")
            last = sequence
            if let answered = mine.removeValue(forKey: sequence) {
                try #require(answered.data == data, "\(comment): \(sequence) is not what was published")
            } else {
                try #require(
                    ledger.unanswered.contains(data) && unconfirmed.insert(data).inserted,
                    "\(comment): \(target) got \(sequence), which came twice or from nowhere")
            }
        }
        try #require(mine.isEmpty, "\(comment): \(target) misses \(mine.keys.sorted().prefix(5))")
    }
}

/// A directory that is deleted with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/crier-test-XXXXXX\0".utf8.map { CChar(bitPattern: $0) })
        let made = unsafe mkdtemp(&template).map { unsafe String(cString: $0) }
        path = try #require(made)
    }

    deinit {
        for name in Directory.names(path) { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}

extension RealProcess {
    @Suite(.endsInTime()) struct `Killed at any moment` {
        private static let channels = ["c/0", "c/1", "d/0"]

        private static let kills = number(of: "TEST_STRESS_ROUNDS").map { $0 * 10 } ?? (isSanitized ? 5 : 50)
        private static let seed = number(of: "TEST_STRESS_SEED") ?? Int.random(in: 0..<1_000_000)

        private static func number(of variable: String) -> Int? {
            unsafe getenv(variable).flatMap { unsafe Int(String(cString: $0)) }
        }

        @Test(.endsInTime(seconds: 60 + 3 * kills))
        func `crier keeps every event it has answered, and sends none twice`() async throws {
            print("TEST_STRESS_SEED=\(Self.seed) repeats this")
            var generator = SplitMix(state: UInt64(Self.seed))
            let directory = try TemporaryDirectory()
            var ledger = Ledger()
            let publishers = (0..<8).map { ClosedLoopPublisher("p\($0)") }
            let subscribers = [
                ResumingSubscriber("/events/c/0?replay=all") { $0 == "c/0" },
                ResumingSubscriber("/events?channel=c/0&channel=d/0&replay=all") { $0 != "c/1" },
                ResumingSubscriber("/events/c/*?replay=all") { $0.hasPrefix("c/") },
                ResumingSubscriber("/events?channel=c/*&channel=**&channel=d/0&replay=all") { _ in true },
            ]
            for round in 0..<Self.kills {
                let comment = "seed \(Self.seed), round \(round)"
                let memory = ["0B", "64KiB", "64MiB"].randomElement(using: &generator)!
                let moment = UInt32.random(in: 0..<150_000, using: &generator)
                try await withDaemon(Self.flags(directory, memory: memory), end: .killed) { daemon in
                    for publisher in publishers { try publisher.arrive(daemon.port) }
                    for subscriber in subscribers { try subscriber.arrive(daemon.port) }
                    // The moment is random, so there is no event to wait for.
                    let killer = try Kernel.Thread(named: "killer") {
                        usleep(moment)
                        daemon.signal(SIGKILL)
                    }
                    var isAlive = true
                    while isAlive {
                        let busy = publishers.filter { publisher in
                            publisher.send(to: Self.channels.randomElement(using: &generator)!)
                        }
                        for publisher in publishers where try !publisher.answer(&ledger) { isAlive = false }
                        if busy.count < publishers.count { isAlive = false }
                        for subscriber in subscribers { try subscriber.read() }
                    }
                    killer.join()
                    for subscriber in subscribers { try subscriber.read() }
                    #expect(!ledger.answered.isEmpty || round == 0, "\(comment)")
                }
            }
            try await withDaemon(Self.flags(directory, memory: "0B")) { daemon in
                for publisher in publishers.prefix(1) { try publisher.arrive(daemon.port) }
                for subscriber in subscribers { try subscriber.arrive(daemon.port) }
                var ends: [String: Int] = [:]
                for channel in Self.channels {
                    try #require(publishers[0].send(to: channel))
                    try #require(try publishers[0].answer(&ledger))
                    ends[channel] = ledger.answered.keys.max()
                }
                for subscriber in subscribers {
                    let end = try #require(ends.filter { subscriber.covers($0.key) }.values.max())
                    try await eventually("\(subscriber.target) has event \(end)") {
                        try subscriber.read()
                        return subscriber.got.last?.sequence ?? 0 >= end
                    }
                    try subscriber.check(ledger, "seed \(Self.seed)")
                }
            }
            #expect(ledger.answered.count > Self.kills, "hardly anything was published between the kills")
            print(
                "\(ledger.answered.count) events answered, \(ledger.unanswered.count) unanswered, \(Self.kills) kills")
        }

        private static func flags(_ directory: TemporaryDirectory, memory: String) -> [String] {
            [
                "history.store=sqlite", "history.path=\(directory.path)/history.db", "history.memory=\(memory)",
                "history.events=1000000", "history.bytes=1GiB", "history.total=1GiB",
            ].flatMap { ["--set", $0] }
        }
    }
}
