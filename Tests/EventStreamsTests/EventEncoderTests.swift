import EventStreams
import Testing
import TimeLimits

/// Rules E1 to E11 of the format. Each fixes bytes on the wire, so the tests compare complete wire strings.
@Suite(.endsInTime()) struct `The encoder` {
    private func wire(_ event: Event) -> String {
        String(decoding: EventEncoder.encode(event), as: UTF8.self)
    }

    private func digits(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    private func data(_ text: String) -> String { wire(Event(data: EventData(text))) }

    @Test func `E1 splits data on LF, CR and CRLF and keeps empty pieces`() {
        #expect(data("a\nb") == "data: a\ndata: b\n\n")
        #expect(data("a\rb") == "data: a\ndata: b\n\n")
        #expect(data("a\r\nb") == "data: a\ndata: b\n\n")
        #expect(data("a\n\rb") == "data: a\ndata: \ndata: b\n\n")
        #expect(data("a\n") == "data: a\ndata: \n\n")
        #expect(data("a\r") == "data: a\ndata: \n\n")
        #expect(data("\r\n") == "data: \ndata: \n\n")
        #expect(data("\n\n") == "data: \ndata: \ndata: \n\n")
    }

    @Test func `E1 distinguishes empty data from no data`() {
        #expect(data("") == "data: \n\n")
        #expect(wire(Event(data: nil)) == "\n")
    }

    @Test func `E2 always writes a space after the colon, so that a leading space survives`() throws {
        #expect(data(" a") == "data:  a\n\n")
        #expect(wire(Event(id: try EventID(" 7"), name: try EventName(" x"), data: nil)) == "id:  7\nevent:  x\n\n")
    }

    @Test func `E3 refuses line breaks in an id and a name, and NUL in either`() {
        for text in ["a\nb", "a\rb", "a\r\nb", "\n", "\r"] {
            #expect(throws: InvalidEvent.lineBreak(.id)) { try EventID(text) }
            #expect(throws: InvalidEvent.lineBreak(.event)) { try EventName(text) }
        }
        #expect(throws: InvalidEvent.nul(.id)) { try EventID("a\0b") }
        #expect(throws: InvalidEvent.nul(.event)) { try EventName("a\0b") }
    }

    @Test func `E4 takes a retry of digits only, up to 2^31 - 1`() throws {
        #expect(wire(Event(retry: try Retry(digits: digits("0")), data: nil)) == "retry: 0\n\n")
        #expect(wire(Event(retry: try Retry(digits: digits("2147483647")), data: nil)) == "retry: 2147483647\n\n")
        for text in ["", "-5", "+5", "1e3", "1.5", " 1", "1 ", "0x1", "١"] {
            #expect(throws: InvalidEvent.retryNotDigits) { try Retry(digits: digits(text)) }
        }
        for text in ["2147483648", "99999999999999999999999999"] {
            #expect(throws: InvalidEvent.retryTooLarge) { try Retry(digits: digits(text)) }
        }
    }

    @Test func `E5 splits a comment on all three line breaks`() {
        let wire = String(decoding: EventEncoder.encode(comment: "a\nb\rc\r\nd"), as: UTF8.self)
        #expect(wire == ": a\n: b\n: c\n: d\n")
    }

    @Test func `E6 refuses invalid UTF-8, and keeps a byte order mark after the field name`() throws {
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0x80]] {
            #expect(throws: InvalidEvent.notUTF8(.data)) { try EventData(utf8: bytes) }
            #expect(throws: InvalidEvent.notUTF8(.id)) { try EventID(utf8: bytes[...]) }
            #expect(throws: InvalidEvent.notUTF8(.event)) { try EventName(utf8: bytes[...]) }
        }
        #expect(data("\u{FEFF}x") == "data: \u{FEFF}x\n\n")
    }

    @Test func `E7 ends lines in a bare LF`() throws {
        let event = Event(id: try EventID("1"), name: try EventName("n"), data: EventData("a\r\nb\rc"))
        #expect(!EventEncoder.encode(event).contains(0x0D))
    }

    @Test func `E8 writes id, event, retry, data and the blank line in this order`() throws {
        let event = Event(
            id: try EventID("7"), name: try EventName("add"), retry: Retry(milliseconds: 100), data: EventData("x\ny"))
        #expect(wire(event) == "id: 7\nevent: add\nretry: 100\ndata: x\ndata: y\n\n")
    }

    @Test func `E9 sends a heartbeat and a lone retry without a blank line`() {
        #expect(EventEncoder.heartbeat == Array(":\n".utf8))
        #expect(EventEncoder.encode(retry: Retry(milliseconds: 2500)) == Array("retry: 2500\n".utf8))
    }

    @Test func `E10 writes the log's id instead of the event's own`() throws {
        let event = Event(id: try EventID("mine"), data: EventData("x"))
        #expect(EventEncoder.encode(event, id: "e-1") == Array("id: e-1\ndata: x\n\n".utf8))
        #expect(EventEncoder.encode(event, id: nil) == Array("data: x\n\n".utf8))
    }

    @Test func `E11 passes NUL in data through`() {
        #expect(data("\0") == "data: \0\n\n")
    }

    @Test func `an empty id and an empty name are nil, since an empty id line would reset the client`() throws {
        #expect(try EventID("") == nil)
        #expect(try EventName("") == nil)
    }

    @Test func `an id and a name have a limit, and one byte more is refused`() throws {
        #expect(try EventID(String(repeating: "x", count: EventID.limit)) != nil)
        #expect(throws: InvalidEvent.tooLong(.id, limit: EventID.limit)) {
            try EventID(String(repeating: "x", count: EventID.limit + 1))
        }
        #expect(try EventName(String(repeating: "x", count: EventName.limit)) != nil)
        #expect(throws: InvalidEvent.tooLong(.event, limit: EventName.limit)) {
            try EventName(String(repeating: "x", count: EventName.limit + 1))
        }
    }

    @Test func `every refusal is a sentence`() {
        let all: [InvalidEvent] = [
            .lineBreak(.id), .nul(.event), .notUTF8(.data), .tooLong(.id, limit: 5), .retryNotDigits, .retryTooLarge,
        ]
        for refusal in all { #expect(refusal.description.hasSuffix(".")) }
    }
}
