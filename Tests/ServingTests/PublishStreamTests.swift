import EventStreams
import HTTPMessages
import Testing
import TimeLimits

@testable import Broadcasting
@testable import Serving

/// A publisher whose body crier publishes as it arrives, while the archive writes.
@Suite(.endsInTime()) struct `A streaming publisher with an archive` {
    private let exchange = Exchange(limits: MessageLimits(), BodyMemory(), LoopStatus())

    private func rules(bodies: Int = 1 << 20) -> Exchange.Rules {
        Exchange.Rules(
            router: Router(
                roles: [.publish], hosts: HostRules([], isLoopback: false), origins: OriginRules(),
                allowsQueryToken: false, nameLimits: NameLimits(), now: 0, clockAhead: 0),
            access: nil, address: nil, publishRate: nil, admission: .served, isDraining: false, bodyLimit: 1 << 20,
            publishLimit: 512, bodiesLimit: bodies)
    }

    private func begin(_ target: String = "/events/a") -> [String]? {
        send(
            "POST \(target) HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n")
    }

    /// The data of the events that are published now, and then wait for the archive; nil when none are.
    private func send(_ text: String, bodies: Int = 1 << 20) -> [String]? {
        let input = exchange.takeKept() + Array(text.utf8)
        var offset = 0
        guard
            case .publishPart(let publications, let stream) = exchange.next(input.span, &offset, rules(bodies: bodies))
        else { return nil }
        exchange.awaitArchive(.stream(stream))
        if offset < input.count { exchange.keep(input.span.extracting(offset..<input.count)) }
        return publications.map { String(decoding: $0.event.data?.bytes ?? [], as: UTF8.self) }
    }

    /// The archive has written `count` events.
    private func commit(_ count: Int) {
        _ = exchange.resumeFromArchive()
        exchange.published(
            Receipt(count: count, first: "k-1", last: "k-\(count)", channels: [], subscribers: 0, backlogs: []))
    }

    private func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    private func line(_ data: String) -> String { "{\"data\":\"\(data)\"}\n" }

    private var answer: String { String(decoding: exchange.output.bytes, as: UTF8.self) }

    @Test func `reads on while the archive writes, and publishes all of it at once afterwards`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("1"))) == ["1"])
        #expect(send(chunk(line("2"))) == nil)
        #expect(send(chunk(line("3") + line("4"))) == nil)
        #expect(!exchange.isInterrupted)
        commit(1)
        #expect(send("") == ["2", "3", "4"])
    }

    @Test func `ends when all is written that came before the end`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("1"))) == ["1"])
        #expect(send(chunk(line("2")) + "0\r\n\r\n") == nil)
        #expect(exchange.output.isEmpty)
        commit(1)
        #expect(send("") == ["2"])
        #expect(exchange.output.isEmpty)
        commit(1)
        #expect(send("") == nil)
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains(#""published":2"#), "\(answer)")
    }

    @Test func `does not read the next request before it has its answer`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("1"))) == ["1"])
        #expect(send("0\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n") == nil)
        #expect(exchange.isInterrupted && exchange.output.isEmpty)
    }

    @Test func `is not read further ahead than the events of one publish`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("0"))) == ["0"])
        for number in 1...512 {
            #expect(exchange.readsAhead)
            #expect(send(chunk(line("\(number)"))) == nil)
        }
        #expect(!exchange.readsAhead)
        #expect(send(chunk(line("513"))) == nil)
        commit(1)
        #expect(send("")?.count == 512)
        #expect(exchange.readsAhead)
    }

    @Test func `is not read further ahead than as many channels, each counted for each event`() {
        #expect(begin("/events") == nil)
        let channels = (0..<100).map { "\"\($0)\"" }.joined(separator: ",")
        let line = "{\"channels\":[\(channels)],\"data\":\"\"}\n"
        #expect(send(chunk(line)) == [""])
        for _ in 0..<6 {
            #expect(exchange.readsAhead)
            #expect(send(chunk(line)) == nil)
        }
        #expect(!exchange.readsAhead)
        commit(1)
        #expect(send("")?.count == 5)
        #expect(exchange.readsAhead)
    }

    @Test func `is not read further ahead than 64 KiB`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("0"))) == ["0"])
        let large = String(repeating: "x", count: 40_000)
        #expect(send(chunk(line(large))) == nil)
        #expect(exchange.readsAhead)
        #expect(send(chunk(line(large))) == nil)
        #expect(!exchange.readsAhead)
    }

    @Test func `waits as bytes, of which only a few become events in memory of their own`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("0"))) == ["0"])
        let lines = String(repeating: line(""), count: 5000)
        #expect(send(chunk(lines)) == nil)
        let kept = exchange.takeKept()
        // One publish, and a piece of 4 KiB.
        #expect(lines.utf8.count - kept.count <= 512 * line("").utf8.count + 4096)
    }

    @Test func `publishes no more than 64 KiB at once, or else a single event`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("0"))) == ["0"])
        let (large, small) = (String(repeating: "x", count: 70_000), String(repeating: "y", count: 30_000))
        #expect(send(chunk(line(small) + line(large) + line(small) + line(small) + line(small))) == nil)
        for expected in [[small], [large], [small, small], [small]] {
            commit(1)
            #expect(send("") == expected)
        }
    }

    @Test func `never reaches the limit on bodies, however long it goes on`() throws {
        #expect(begin() == nil)
        let data = String(repeating: "x", count: 1000)
        // Two publishes of 64 KiB, and what each body has free.
        let limit = 2 * 65_536
        for _ in 0..<400 {
            try #require(send(chunk(line(data)), bodies: limit) == [data])
            for _ in 0..<30 { try #require(send(chunk(line(data)), bodies: limit) == nil) }
            commit(1)
            try #require(send("", bodies: limit)?.count == 30)
            commit(30)
        }
        #expect(exchange.output.isEmpty)
    }

    @Test func `has its answer after what came before a broken chunk is written`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("1"))) == ["1"])
        #expect(send(chunk(line("2")) + "no length\r\n") == nil)
        #expect(exchange.output.isEmpty && !exchange.readsAhead)
        commit(1)
        #expect(send("") == ["2"])
        commit(1)
        #expect(send("") == nil)
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("Connection: close"), "\(answer)")
        #expect(answer.contains("The events before it stay published: 2 events"), "\(answer)")
    }

    @Test func `loses what was read ahead when the archive cannot write, and is told how many events it has`() {
        #expect(begin() == nil)
        #expect(send(chunk(line("1"))) == ["1"])
        #expect(send(chunk(line("2"))) == nil)
        commit(1)
        #expect(send("") == ["2"])
        #expect(send(chunk(line("3"))) == nil)
        guard case .stream(let stream) = exchange.resumeFromArchive() else {
            Issue.record("it does not wait")
            return
        }
        stream.stop(Problem(503, "The disk is full."))
        #expect(send("") == nil)
        #expect(answer.contains("The events before it stay published: 1 event, the last with the id k-1."), "\(answer)")
    }
}
