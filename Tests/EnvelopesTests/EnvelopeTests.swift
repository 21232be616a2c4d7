import Broadcasting
import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Envelopes

private func read(_ text: String, channels: [String] = ["a"], limit: Int = 3) throws -> Publication {
    try Envelope.one(
        Array(text.utf8),
        Envelope.Rules(channels: try channels.map { try ChannelName($0) }, names: NameLimits(channels: limit)))
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

    @Test func `has the text of a string as data, and other JSON as written`() throws {
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

    @Test func `is refused with the reason`() throws {
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

    @Test func `in an array is refused when the events name too many channels in all`() throws {
        let names = (0..<100).map { "\"c\($0)\"" }.joined(separator: ",")
        let rules = Envelope.Rules(channels: [], names: NameLimits(channels: 100))
        func array(_ count: Int) -> [UInt8] {
            let event = #"{"data":1,"channels":[\#(names)]}"#
            return Array(("[" + Array(repeating: event, count: count).joined(separator: ",") + "]").utf8)
        }
        #expect(try Envelope.all(array(10), rules).count == 10)
        let error = #expect(throws: Envelope.Misplaced.self) { try Envelope.all(array(11), rules) }
        #expect(error?.place == 11 && error?.reason == .tooManyChannelsInAll(limit: 1024))
    }

    @Test func `in an array has its own channels, also if the one before has nearly the same`() throws {
        let rules = Envelope.Rules(channels: [], names: NameLimits(channels: 3))
        func channels(_ lists: [String]) throws -> [[String]] {
            let envelopes = lists.map { #"{"data":1,"channels":\#($0)}"# }
            return try Envelope.all(Array("[\(envelopes.joined(separator: ","))]".utf8), rules).map { publication in
                publication.channels.map(\.description)
            }
        }
        let found = try channels([
            #"["a","b"]"#, #"["a","b"]"#, #" ["a","b"] "#, #"["a", "b"]"#, #"["a","c"]"#, #"["a","c","b"]"#, #"["a"]"#,
            #"["a"]"#, #"["\u0061"]"#,
        ])
        #expect(
            found == [
                ["a", "b"], ["a", "b"], ["a", "b"], ["a", "b"], ["a", "c"], ["a", "c", "b"], ["a"], ["a"], ["a"],
            ])
        let error = #expect(throws: Envelope.Misplaced.self) { try channels([#"["a"]"#, #"["a"]"#, #"["a""#]) }
        #expect(error?.place == 3)
        let both = #"[{"data":1,"channels":["a"]},{"data":1,"channel":"b","channels":["a"]}]"#
        let twice = #expect(throws: Envelope.Misplaced.self) { try Envelope.all(Array(both.utf8), rules) }
        #expect(twice == Envelope.Misplaced(place: 2, reason: .channelTwice))
    }

    @Test func `is refused when it is nested too deeply or not UTF-8`() throws {
        let deep = { (depth: Int) in
            "{\"data\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(try data(deep(64)).count == 128)
        #expect(throws: InvalidEnvelope.self) { try read(deep(65)) }
        #expect(throws: InvalidEnvelope.self) { try read(deep(100_000)) }
        let bytes = Array(#"{"data":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(throws: InvalidEnvelope.event(.notUTF8(.data))) {
            try Envelope.one(bytes, Envelope.Rules(channels: [try ChannelName("a")], names: NameLimits(channels: 1)))
        }
    }
}
