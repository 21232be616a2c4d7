import Broadcasting
import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Envelopes

private func read(_ text: String, channels: [String] = ["a"], limit: Int = 3) throws -> Publication {
    try Envelope.one(
        Array(text.utf8), Envelope.Rules(channels: try channels.map { try ChannelName($0) }, channelLimit: limit))
}

private func data(_ text: String) throws -> String {
    String(decoding: try read(text).event.data?.bytes ?? [], as: UTF8.self)
}

@Suite(.endsInTime()) struct `An envelope` {
    @Test func `has all parts of an event`() throws {
        let text = #" { "channels" : ["a", "b/c"] , "event":"e","id":"7","retry":3000,"key":"k","data":"x" } "#
        let publication = try read(text, channels: [])
        #expect(publication.channels.map(\.description) == ["a", "b/c"])
        let event = publication.event
        #expect(event.name?.description == "e" && event.id?.description == "7" && event.key?.description == "k")
        #expect(event.retry?.milliseconds == 3000 && event.data == EventData("x"))
        #expect(try read(#"{"data":1,"retry":"20"}"#).event.retry?.milliseconds == 20)
        #expect(try read(#"{"data":1,"channel":"z"}"#, channels: []).channels.map(\.description) == ["z"])
    }

    @Test func `publishes the text of a string, and other JSON as it is written`() throws {
        #expect(try data(#"{"data":"a\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00z"}"#) == "a\"\\/\u{8}\u{C}\n\r\té😀z")
        #expect(try data(#"{"data":""}"#) == "")
        for value in [#"{ "a" : [1, -0.5e+10, true] }"#, "null", "[]", "-0", "1E5", "{}"] {
            #expect(try data(#"{"data": \#(value) }"#) == value)
        }
    }

    @Test(arguments: [
        #"{"data":1"#, #"{"data" 1}"#, #"{data:1}"#, #"{"data":1,}"#, #"{"data":tru}"#, #"{"data":+1}"#,
        #"{"data":.5}"#,
        #"{"data":1.}"#, #"{"data":1e}"#, #"{"data":"\x"}"#, #"{"data":"\u12"}"#, #"{"data":"\uDC00"}"#,
        #"{"data":"\uD800x"}"#, "{\"data\":\"a\tb\"}", #"{"data":1}{"#, "", "   ", #"{"data":}"#, #"{"data":NaN}"#,
        "\u{FEFF}{\"data\":1}", #"{"data":[1,]}"#, #"{"data":{"a"}}"#, #"{'data':1}"#,
    ])
    func `is refused when it is not JSON`(text: String) throws {
        let error = try #require(throws: InvalidEnvelope.self) { try read(text) }
        guard case .notJSON = error else { return #expect(Bool(false), "\(error)") }
    }

    @Test func `says what is wrong with it`() throws {
        for (text, expected) in [
            (#"[]"#, InvalidEnvelope.notAnObject), (#""x""#, .notAnObject), (#"{}"#, .noData),
            (#"{"data":1,"data":1}"#, .repeatedMember("data")), (#"{"date":1}"#, .unknownMember("date")),
            (#"{"data":1,"event":1}"#, .wrongKind("event", expected: "a string")),
            (#"{"data":1,"channels":"a"}"#, .wrongKind("channels", expected: "an array of strings")),
            (#"{"data":1,"channel":"b"}"#, .channelTwice), (#"{"data":1,"retry":-1}"#, .event(.retryNotDigits)),
            (#"{"data":1,"id":"a\u0000"}"#, .event(.nul(.id))),
            (#"{"data":1,"event":"a\r"}"#, .event(.lineBreak(.event))),
        ] {
            #expect(throws: expected) { try read(text) }
        }
        for (text, expected) in [
            (#"{"data":1}"#, InvalidEnvelope.noChannel), (#"{"data":1,"channels":[]}"#, .noChannel),
            (#"{"data":1,"channels":["a","b","c","d"]}"#, .tooManyChannels(limit: 3)),
            (#"{"data":1,"channel":"a","channels":["b"]}"#, .channelTwice),
            (#"{"data":1,"channel":"$x"}"#, .reservedChannel),
            (#"{"data":1,"channel":"a*"}"#, .channel(.asterisk)), (#"{"data":1,"channel":""}"#, .channel(.empty)),
        ] {
            #expect(throws: expected) { try read(text, channels: []) }
        }
    }

    @Test func `is refused when it is too deep, or not UTF-8`() throws {
        let deep = { (depth: Int) in
            "{\"data\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(try data(deep(64)).count == 128)
        #expect(throws: InvalidEnvelope.self) { try read(deep(65)) }
        #expect(throws: InvalidEnvelope.self) { try read(deep(100_000)) }
        let bytes = Array(#"{"data":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(throws: InvalidEnvelope.event(.notUTF8(.data))) {
            try Envelope.one(bytes, Envelope.Rules(channels: [try ChannelName("a")], channelLimit: 1))
        }
    }
}

@Suite(.endsInTime()) struct `Lines of envelopes` {
    private static let text =
        #"{"data":"one"}"# + "\n\r\n \t\n" + #"{"data":"zwöi","id":"2"}"# + "\r\n" + #"{"data":3}"#

    private func publications(_ pieces: [[UInt8]], limit: Int = 1000) throws -> [String] {
        var lines = EnvelopeLines(Envelope.Rules(channels: [try ChannelName("a")], channelLimit: 1), limit: limit)
        var found: [Publication] = []
        for piece in pieces { try lines.feed(piece.span, into: &found) }
        try lines.finish(into: &found)
        return found.map { String(decoding: $0.event.data?.bytes ?? [], as: UTF8.self) }
    }

    @Test func `are the same wherever they are cut`() throws {
        let bytes = Array(Self.text.utf8)
        for cut in 0...bytes.count {
            #expect(try publications([Array(bytes[..<cut]), Array(bytes[cut...])]) == ["one", "zwöi", "3"])
        }
        #expect(try publications(bytes.map { [$0] }) == ["one", "zwöi", "3"])
    }

    @Test func `say which of them is bad, and keep those before it`() throws {
        var lines = EnvelopeLines(Envelope.Rules(channels: [try ChannelName("a")], channelLimit: 1), limit: 20)
        var found: [Publication] = []
        let error = #expect(throws: Envelope.Misplaced.self) {
            try lines.feed(Array("{\"data\":1}\n\n{\"data\":2}\n{}\n{\"data\":3}\n".utf8).span, into: &found)
        }
        #expect(error == Envelope.Misplaced(place: 4, reason: .noData) && found.count == 2)
        let long = #expect(throws: Envelope.Misplaced.self) {
            try publications(
                [Array("{\"data\":1}\n{\"data\":\"".utf8), [UInt8](repeating: 0x78, count: 12)], limit: 20)
        }
        #expect(long == Envelope.Misplaced(place: 2, reason: .tooLong(limit: 20)))
    }
}
