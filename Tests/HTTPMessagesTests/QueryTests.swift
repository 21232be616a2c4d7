import HTTPMessages
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A query` {
    @Test func `decodes plus as a space`() throws {
        let query = try #require(Query(Array("a=1+2&b=%C3%A9&a=x%26y&c&=d&&e=f=g".utf8)[...]))
        #expect(query.values("a").map { String(decoding: $0, as: UTF8.self) } == ["1 2", "x&y"])
        #expect(query.first("b") == Array("é".utf8)[...])
        #expect(query.first("c") == [])
        #expect(query.first("e") == Array("f=g".utf8)[...])
        #expect(query.first("z") == nil)
        #expect(try #require(Query(nil)).parameters.isEmpty)
    }

    @Test(arguments: ["%", "%1", "%zz", "a=%2", "a%4=b"])
    func `with a broken encoding is nil`(_ text: String) {
        #expect(Query(Array(text.utf8)[...]) == nil)
    }

    @Test func `decodes to the encoded text`() {
        let text = "a b/c?d&e=f+g%é\n~-._"
        let encoded = Array(PercentCoding.encode(text, keepingSlash: false).utf8)[...]
        #expect(PercentCoding.decode(encoded) == Array(text.utf8)[...])
        #expect(PercentCoding.encode("a/b c", keepingSlash: true) == "a/b%20c")
    }
}
