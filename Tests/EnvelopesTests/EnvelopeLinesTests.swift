import Broadcasting
import EventStreams
import Testing
import TimeLimits

@testable import Envelopes

@Suite(.endsInTime()) struct `Lines of envelopes` {
    private static let text =
        #"{"data":"one"}"# + "\n\r\n \t\n" + #"{"data":"zwöi","id":"2"}"# + "\r\n" + #"{"data":3}"#

    private func publications(_ pieces: [[UInt8]], limit: Int = 1000) throws -> [String] {
        var lines = EnvelopeLines(
            Envelope.Rules(channels: [try ChannelName("a")], names: NameLimits(channels: 1)), limit: limit)
        var found: [Publication] = []
        for piece in pieces { try lines.feed(piece.span, into: &found) }
        try lines.finish(into: &found)
        return found.map { String(decoding: $0.event.data?.bytes ?? [], as: UTF8.self) }
    }

    @Test func `give the same events wherever they are split`() throws {
        let bytes = Array(Self.text.utf8)
        for cut in 0...bytes.count {
            #expect(try publications([Array(bytes[..<cut]), Array(bytes[cut...])]) == ["one", "zwöi", "3"])
        }
        #expect(try publications(bytes.map { [$0] }) == ["one", "zwöi", "3"])
    }

    @Test func `report the number of a bad line, and keep the lines before it`() throws {
        var lines = EnvelopeLines(
            Envelope.Rules(channels: [try ChannelName("a")], names: NameLimits(channels: 1)), limit: 20)
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
