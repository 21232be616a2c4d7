import EventStreams
import Testing
import TimeLimits

/// The behaviour of clients (WHATWG HTML 9.2.6); the cases are those of web-platform-tests `eventsource/format-*`.
@Suite(.endsInTime()) struct `The parser` {
    private func items(_ text: String, lastEventID: String = "") throws -> [StreamItem] {
        var parser = EventStreamParser(lastEventID: lastEventID)
        return try parser.feed(Array(text.utf8))
    }

    private func event(_ data: String, type: String = "message", id: String = "") -> StreamItem {
        .event(type: type, data: data, lastEventID: id)
    }

    @Test func `forgets the name of a block without data`() throws {
        #expect(try items("event: x\n\ndata: y\n\n") == [event("y")])
    }

    @Test func `joins data lines with a line feed`() throws {
        #expect(try items("data:msg\ndata: msg\n\n") == [event("msg\nmsg")])
        #expect(try items("data\ndata\n\n") == [event("\n")])
    }

    @Test func `fires an event for empty data and none without data`() throws {
        #expect(try items("data:\n\n") == [event("")])
        #expect(try items("data\n\n") == [event("")])
        #expect(try items("event: x\n\nid: 1\n\nretry: 5\n\n") == [.retry(5)])
    }

    @Test func `removes exactly one space after the colon, and keeps a tab`() throws {
        #expect(try items("data:  a\n\ndata:\tb\n\ndata:c\n\n") == [event(" a"), event("\tb"), event("c")])
    }

    @Test func `accepts LF, CR and CRLF, mixed`() throws {
        #expect(try items("data:a\r\ndata:b\rdata:c\n\r\n") == [event("a\nb\nc")])
        #expect(try items("data:a\r\r") == [event("a")])
    }

    @Test func `ignores unknown fields and names in another case`() throws {
        #expect(try items("Data: x\n data: y\ndata\0: z\nfoo: 1\ndata: ok\n\n") == [event("ok")])
    }

    @Test func `uses a name for one event only, and the last one given`() throws {
        let text = "event: a\nevent: b\ndata: 1\n\ndata: 2\n\nevent:\ndata: 3\n\n"
        #expect(try items(text) == [event("1", type: "b"), event("2"), event("3")])
    }

    @Test func `keeps an id over events, resets it with an empty one and ignores one with NUL`() throws {
        let text = "id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\n"
        #expect(try items(text) == [event("a", id: "1"), event("b", id: "1"), event("c", id: "1"), event("d")])
    }

    @Test func `takes a retry of digits only`() throws {
        #expect(try items("retry: 02000\nretry: 1000x\nretry\nretry: -1\n") == [.retry(2000)])
    }

    @Test func `skips one byte order mark at the start and no other`() throws {
        #expect(try items("\u{FEFF}data: a\n\n") == [event("a")])
        #expect(try items("\u{FEFF}\u{FEFF}data: a\n\n").isEmpty)
        #expect(try items("data: a\n\n\u{FEFF}data: b\n\n") == [event("a")])
    }

    @Test func `drops an incomplete event, with its id`() throws {
        var parser = EventStreamParser()
        _ = try parser.feed(Array("id: 1\ndata: a\n\nid: 2\ndata: b\n".utf8))
        #expect(parser.lastEventID == "1")
    }

    @Test func `returns comments`() throws {
        #expect(try items(":\n: ok\n:x\n") == [.comment(""), .comment("ok"), .comment("x")])
    }

    @Test func `replaces invalid UTF-8`() throws {
        var parser = EventStreamParser()
        let found = try parser.feed(Array("data: a".utf8) + [0xFF] + Array("b\n\n".utf8))
        #expect(found == [event("a\u{FFFD}b")])
    }

    @Test func `returns the same however the bytes are split`() throws {
        let text = "\u{FEFF}:hi\r\nid: é\r\nevent: x\rdata: a\r\ndata: b\n\r\nretry: 10\rdata\r\rdata: last\r\n\r\n"
        let bytes = Array(text.utf8)
        let whole = try items(text)
        #expect(whole.count == 5)
        for cut in 0...bytes.count {
            var parser = EventStreamParser()
            #expect(try parser.feed(bytes[..<cut]) + parser.feed(bytes[cut...]) == whole)
        }
    }

    @Test func `refuses an event over the limit, in one line or in many`() throws {
        let line = Array("data: 0123456789\n".utf8)
        var parser = EventStreamParser(limit: 100)
        #expect(throws: EventStreamParser.Failure.eventTooLong(limit: 100)) {
            for _ in 0..<20 { _ = try parser.feed(line) }
        }
        var other = EventStreamParser(limit: 100)
        #expect(throws: EventStreamParser.Failure.eventTooLong(limit: 100)) {
            _ = try other.feed([UInt8](repeating: 0x61, count: 101))
        }
    }

    @Test func `parses the output of the encoder`() throws {
        let texts = ["", " ", "a", "a\nb", "\n", "\n\n", "tab\t", "emoji 🎺", "\0", " :x", "data: y\n\nevent: z"]
        for text in texts {
            for name in [nil, "add", "what?! é"] {
                let event = Event(
                    id: try EventID("k-1"), name: try name.flatMap { try EventName($0) }, data: EventData(text))
                var parser = EventStreamParser()
                let expected = StreamItem.event(type: name ?? "message", data: text, lastEventID: "k-1")
                #expect(try parser.feed(EventEncoder.encode(event)) == [expected])
            }
        }
    }
}
