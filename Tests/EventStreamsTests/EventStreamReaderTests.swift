import Testing
import TimeLimits

@testable import EventStreams

@Suite(.endsInTime()) struct `A stream that a publisher sends` {
    private static let text =
        "\u{FEFF}: hello\nid: 1\nevent: e\ndata: a\ndata:b\ndata\n\nretry: 5\n\r\ndata:  c\rid: 2\r\rx: y\ndata: d\r\n\r\n"

    private func read(_ pieces: [[UInt8]], limit: Int = 1000) throws -> [Event] {
        var reader = EventStreamReader(limit: limit)
        var events: [Event] = []
        for piece in pieces { try reader.feed(piece.span, into: &events) }
        try reader.finish()
        return events
    }

    @Test func `gives the same events wherever it is split`() throws {
        let expected = [
            Event(id: try EventID("1"), name: try EventName("e"), data: EventData("a\nb\n")),
            Event(id: try EventID("2"), data: EventData(" c")), Event(data: EventData("d")),
        ]
        let bytes = Array(Self.text.utf8)
        for cut in 0...bytes.count { #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected) }
        #expect(try read(bytes.map { [$0] }) == expected)
    }

    /// If each line copied the ones before it, this would take minutes and block an event loop of the daemon.
    @Test func `may have an event of very many lines`() throws {
        let lines = 300_000
        let events = try read([Array(repeatElement("data\n", count: lines).joined().utf8), [0x0A]], limit: 1 << 20)
        #expect(events.map(\.data?.bytes.count) == [lines - 1])
    }

    @Test(arguments: [
        ("data: x\n\ndata: y\n", 4, EventStreamReader.Reason.cutOff), ("data: y", 1, .cutOff),
        ("\ndata: 0123456789", 2, .tooLong(limit: 10)), ("data: 01\ndata: 567\n", 2, .tooLong(limit: 10)),
    ])
    func `is refused with the line and the reason`(text: String, line: Int, reason: EventStreamReader.Reason) throws {
        let error = #expect(throws: EventStreamReader.Failure.self) { try read([Array(text.utf8)], limit: 10) }
        #expect(error == EventStreamReader.Failure(line: line, reason: reason))
    }

    @Test func `skips and counts a retry that is no number and an id with a NUL, as clients do`() throws {
        var reader = EventStreamReader(limit: 100)
        var events: [Event] = []
        let text = "retry: 1000x\nid: a\u{0}\ndata: x\n\nretry:\nretry: 9999999999\nretry: 5\nid: b\ndata: y\n\n"
        try reader.feed(Array(text.utf8).span, into: &events)
        #expect(events.map(\.id?.description) == [nil, "b"] && events.map(\.retry?.milliseconds) == [nil, 5])
        #expect(reader.ignored == 4)
    }

    @Test func `is refused with invalid UTF-8`() throws {
        #expect(throws: EventStreamReader.Failure(line: 2, reason: .invalid(.notUTF8(.data)))) {
            try read([Array("data: ".utf8) + [0xFF, 0x0A, 0x0A]])
        }
    }

    @Test func `may end after a comment or a field other than data`() throws {
        for text in ["", ": bye", ": bye\n", "id: 3\n", "retry: 7\n"] { #expect(try read([Array(text.utf8)]) == []) }
    }
}
