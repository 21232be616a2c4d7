import SeededRandom
import Testing
import TimeLimits

@testable import HTTPMessages

@Suite(.endsInTime()) struct `The request parser` {
    @Test(arguments: goodRequests)
    func `parses good requests`(_ text: String, _ expected: String) {
        #expect(outcome(of: text) == expected)
    }

    @Test(arguments: badRequests)
    func `refuses bad requests with the reason`(_ text: String, _ expected: Refusal) {
        #expect(outcome(of: text).hasSuffix("refused \(expected)"), "\(outcome(of: text))")
    }

    @Test(arguments: goodRequests.map(\.0) + badRequests.map(\.0))
    func `returns the same however the bytes are split`(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = outcome(of: text)
        for cut in 0...bytes.count { #expect(outcome(of: [bytes[..<cut], bytes[cut...]]) == whole) }
        #expect(outcome(of: bytes.indices.map { bytes[$0...$0] }) == whole)
    }

    @Test func `has a sample for every refusal of a request`() {
        let sampled = Set(badRequests.map(\.1)).union([.targetTooLong, .headTooLarge, .tooManyFields, .badStatusLine])
        #expect(Set(Refusal.allCases).subtracting(sampled).isEmpty)
    }

    @Test func `cites a clause in a sentence with every refusal`() {
        for refusal in Refusal.allCases {
            #expect(refusal.description.hasSuffix(")"))
            #expect(refusal.description.contains(". (RFC "))
            #expect((400...505).contains(refusal.status))
        }
    }

    @Test func `does not crash on any two bytes anywhere`() {
        let text = Array(
            "POST /a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\nx\r\n0\r\nA: b\r\n\r\n".utf8)
        var generator = SplitMix(state: 7)
        for place in text.indices {
            for _ in 0..<20 {
                var bytes = text
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
                bytes[Int.random(in: text.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                let cut = Int.random(in: 0...bytes.count, using: &generator)
                #expect(outcome(of: [bytes[...]]) == outcome(of: [bytes[..<cut], bytes[cut...]]))
            }
        }
    }
}
