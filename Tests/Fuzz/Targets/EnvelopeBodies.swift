import Broadcasting
import Envelopes
import EventStreams
import Foundation
import JSON

/// What crier takes for JSON another parser takes for JSON, lines are read the same way however they are cut, and each
/// event arrives as it was meant.
enum EnvelopeBodies {
    private static let rules = Envelope.Rules(
        channels: [try! ChannelName("url")], names: NameLimits(channels: 8, segments: 8))
    private static let free = Envelope.Rules(channels: [], names: NameLimits(channels: 8, segments: 8))

    static func run(_ bytes: [UInt8]) {
        var scanner = JSONScanner(bytes)
        let isJSON = (try? scanner.value()) != nil && (try? scanner.expectEnd()) != nil
        if isJSON, String(validating: bytes, as: UTF8.self) != nil {
            let other = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            // Foundation has no room for numbers such as 1e999.
            let hasLargeNumber = bytes.contains { $0 | 0x20 == 0x65 } || bytes.count > 300
            require(other != nil || hasLargeNumber, "no other parser takes it for JSON")
        }
        for rules in [rules, free] {
            for publication in (try? Envelope.all(bytes, rules)) ?? [] {
                require(isJSON, "envelopes that are no JSON")
                check(publication, rules)
            }
            let readings = cuts(of: bytes).map { lines($0, rules) }
            for reading in readings { require(reading == readings[0], "\(reading) is not \(readings[0])") }
        }
    }

    private static func check(_ publication: Publication, _ rules: Envelope.Rules) {
        require((1...8).contains(publication.channels.count), "\(publication.channels.count) channels")
        require(!publication.channels.contains { $0.isReserved }, "a reserved channel")
        EventStreamBodies.check(publication.event)
    }

    private static func lines(_ pieces: [ArraySlice<UInt8>], _ rules: Envelope.Rules) -> [String] {
        var lines = EnvelopeLines(rules, limit: 4096)
        var found: [Publication] = []
        var fault: Envelope.Misplaced?
        do throws(Envelope.Misplaced) {
            for piece in pieces { try lines.feed(Array(piece).span, into: &found) }
            try lines.finish(into: &found)
        } catch {
            fault = error
        }
        for publication in found { check(publication, rules) }
        return found.map { "\($0.channels) \($0.event)" } + (fault.map { ["\($0)"] } ?? [])
    }
}
