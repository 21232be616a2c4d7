import HTTPMessages
import Testing
import TimeLimits

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
    func `says whether the client waits for 100 Continue`(_ rest: String, _ expected: Bool) throws {
        #expect(try head("POST / \(rest)\r\n").expectsContinue == expected)
    }

    @Test func `finds fields in any case, and members of lists`() throws {
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
