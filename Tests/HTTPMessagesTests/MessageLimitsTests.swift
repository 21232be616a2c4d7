import HTTPMessages
import Testing
import TimeLimits

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

    @Test func `of the trailer holds to the byte, over all its lines together`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        func request(_ lines: Int) -> String { head + String(repeating: "A:\r\n", count: lines) + "\r\n" }
        #expect(outcome(of: request(255)).hasSuffix("\nbody ."))
        #expect(outcome(of: request(256)).hasSuffix("refused \(Refusal.trailerTooLarge)"))
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
