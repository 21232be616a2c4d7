import SeededRandom
import Testing
import TimeLimits

@testable import HTTPMessages

@Suite(.endsInTime()) struct `The request parser` {
    @Test(arguments: goodRequests)
    func `understands good requests`(_ text: String, _ expected: String) {
        #expect(outcome(of: text) == expected)
    }

    @Test(arguments: badRequests)
    func `refuses bad requests with the reason`(_ text: String, _ expected: Refusal) {
        #expect(outcome(of: text).hasSuffix("refused \(expected)"), "\(outcome(of: text))")
    }

    @Test(arguments: goodRequests.map(\.0) + badRequests.map(\.0))
    func `finds the same however the bytes are cut`(_ text: String) {
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

@Suite(.endsInTime()) struct `A limit` {
    private let limits = MessageLimits(head: 200, target: 20, fields: 8, body: 10)

    private func request(_ target: String, fields: [String] = ["Host: a"], body: String = "") -> String {
        "POST \(target) HTTP/1.1\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    @Test func `of the target holds to the byte`() {
        let fits = "/" + String(repeating: "x", count: 19)
        #expect(outcome(of: request(fits), limits: limits) == "POST \(fits) http11 1\nbody .")
        #expect(outcome(of: request(fits + "x"), limits: limits) == "refused \(Refusal.targetTooLong)")
    }

    @Test func `of the fields holds to the field`() {
        let fields = ["Host: a"] + (2...8).map { "X\($0): y" }
        #expect(outcome(of: request("/", fields: fields), limits: limits) == "POST / http11 8\nbody .")
        #expect(
            outcome(of: request("/", fields: fields + ["X: y"]), limits: limits) == "refused \(Refusal.tooManyFields)")
    }

    @Test func `of the head holds to the byte, blank lines before it included`() {
        let empty = request("/", fields: ["Host: a", "X: "]).utf8.count
        let fits = request("/", fields: ["Host: a", "X: " + String(repeating: "y", count: 200 - empty)])
        #expect(fits.utf8.count == 200)
        #expect(outcome(of: fits, limits: limits) == "POST / http11 2\nbody .")
        let more = request("/", fields: ["Host: a", "X: " + String(repeating: "y", count: 201 - empty)])
        #expect(outcome(of: more, limits: limits) == "refused \(Refusal.headTooLarge)")
        #expect(outcome(of: "\r\n" + fits, limits: limits) == "refused \(Refusal.headTooLarge)")
        #expect(outcome(of: String(repeating: "\r\n", count: 101), limits: limits) == "refused \(Refusal.headTooLarge)")
    }

    @Test func `of the body holds to the byte, by length and by chunks`() {
        let length = ["Host: a", "Content-Length: 10"]
        #expect(
            outcome(of: request("/", fields: length, body: "0123456789"), limits: limits).hasSuffix("body 0123456789."))
        let more = ["Host: a", "Content-Length: 11"]
        #expect(outcome(of: request("/", fields: more), limits: limits) == "refused \(Refusal.bodyTooLarge)")
        let chunks = ["Host: a", "Transfer-Encoding: chunked"]
        let ten = "5\r\n01234\r\n5\r\n56789\r\n"
        #expect(
            outcome(of: request("/", fields: chunks, body: ten + "0\r\n\r\n"), limits: limits).hasSuffix(
                "body 0123456789."))
        let eleven = request("/", fields: chunks, body: ten + "1\r\n")
        #expect(outcome(of: eleven, limits: limits).hasSuffix("refused \(Refusal.bodyTooLarge)"))
    }
}

@Suite(.endsInTime()) struct `A trailer` {
    @Test func `may have 1024 bytes in all its lines together`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        func request(_ lines: Int) -> String { head + String(repeating: "A:\r\n", count: lines) + "\r\n" }
        #expect(outcome(of: request(255)).hasSuffix("\nbody ."))
        #expect(outcome(of: request(256)).hasSuffix("refused \(Refusal.trailerTooLarge)"))
    }
}

@Suite(.endsInTime()) struct `A request head` {
    private func head(_ text: String) throws -> RequestHead {
        var parser = RequestParser()
        var offset = 0
        let bytes = Array(text.utf8)
        guard case .head(let head) = try parser.next(bytes.span, &offset) else { throw Refusal.badRequestLine }
        return head
    }

    @Test(arguments: [
        ("HTTP/1.1\r\nHost: a\r\n", true), ("HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false),
        ("HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n", false), ("HTTP/1.0\r\n", false),
        ("HTTP/1.0\r\nConnection: keep-alive\r\n", true), ("HTTP/1.0\r\nConnection: keep-alive, close\r\n", false),
    ])
    func `says whether the connection stays open`(_ rest: String, _ keepsAlive: Bool) throws {
        #expect(try head("GET / \(rest)\r\n").keepsAlive == keepsAlive)
    }

    @Test(arguments: [
        ("HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n", true),
        ("HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n", false),
        ("HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", false),
        ("HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n", false),
    ])
    func `says whether the client waits for permission`(_ rest: String, _ expected: Bool) throws {
        #expect(try head("POST / \(rest)\r\n").expectsContinue == expected)
    }

    @Test func `finds fields whatever their case, and members of lists`() throws {
        let fields = try head("GET / HTTP/1.1\r\nHost: a\r\nACCEPT: a , b,,\r\naccept:c\r\n\r\n").fields
        #expect(fields.list("accept").map { String(decoding: $0, as: UTF8.self) } == ["a", "b", "c"])
        #expect(fields.text("accept") == "a , b,,")
        #expect(fields.first("nothing") == nil)
    }

    @Test func `keeps bytes above 0x7F in values`() throws {
        let fields = try head("GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: …\r\n\r\n").fields
        #expect(fields.first("last-event-id").map { Array($0) } == [0xE2, 0x80, 0xA6])
    }
}

@Suite(.endsInTime()) struct `A query` {
    @Test func `is decoded, with plus for a space`() throws {
        let query = try #require(Query(Array("a=1+2&b=%C3%A9&a=x%26y&c&=d&&e=f=g".utf8)))
        #expect(query.values("a").map { String(decoding: $0, as: UTF8.self) } == ["1 2", "x&y"])
        #expect(query.first("b") == Array("é".utf8))
        #expect(query.first("c") == [])
        #expect(query.first("e") == Array("f=g".utf8))
        #expect(query.first("z") == nil)
        #expect(try #require(Query(nil)).parameters.isEmpty)
    }

    @Test(arguments: ["%", "%1", "%zz", "a=%2", "a%4=b"])
    func `with a broken encoding is none`(_ text: String) {
        #expect(Query(Array(text.utf8)) == nil)
    }

    @Test func `is encoded so that it is decoded to the same`() {
        let text = "a b/c?d&e=f+g%é\n~-._"
        #expect(PercentCoding.decode(PercentCoding.encode(text, keepingSlash: false).utf8) == Array(text.utf8))
        #expect(PercentCoding.encode("a/b c", keepingSlash: true) == "a/b%20c")
    }
}
