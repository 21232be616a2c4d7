import HTTPMessages
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The response parser` {
    private func read(_ text: String, cut: Int? = nil) throws -> String {
        var parser = ResponseParser()
        let bytes = Array(text.utf8)
        var found = ""
        for piece in [bytes[..<(cut ?? bytes.count)], bytes[(cut ?? bytes.count)...]] {
            let piece = Array(piece)
            var offset = 0
            reading: while true {
                switch try parser.next(piece.span, &offset) {
                case .needsMore: break reading
                case .head(let head): found += "\(head.status) \(head.keepsAlive) "
                case .body(let range): found += String(decoding: piece[range], as: UTF8.self)
                case .end: found += "."
                }
            }
        }
        return found
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 true hi."),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 true ."),
        ("HTTP/1.1 204 No Content\r\n\r\n", "204 true ."),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200 true hi."),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", "200 false all of it"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 false hi."),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "100 true .200 true x."),
    ])
    func `parses responses, however they are split`(_ text: String, _ expected: String) throws {
        for cut in 0...text.utf8.count { #expect(try read(text, cut: cut) == expected) }
    }

    @Test(arguments: ["HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n"])
    func `refuses bytes that are not a response`(_ text: String) {
        #expect(throws: Refusal.self) { try read(text) }
    }
}
