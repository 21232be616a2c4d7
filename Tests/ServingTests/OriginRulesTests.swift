import HTTPMessages
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `The origins of a listener` {
    private func head(_ line: String, _ fields: [String]) throws -> RequestHead {
        var parser = RequestParser()
        var offset = 0
        let text = "\(line) /events/a HTTP/1.1\r\nHost: h\r\n" + fields.map { "\($0)\r\n" }.joined() + "\r\n"
        guard case .head(let head) = try parser.next(Array(text.utf8).span, &offset) else {
            throw Refusal.badRequestLine
        }
        return head
    }

    private func fields(_ rules: OriginRules, _ line: String, _ fields: [String]) throws -> [Substring] {
        String(decoding: rules.fields(for: try head(line, fields)), as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: true)
    }

    private let rules = OriginRules(["https://app.example", "https://*.example.org", "http://*.local:8080"])

    @Test(arguments: [
        "https://app.example", "https://a.example.org", "https://a.b.example.org", "https://a-b_c9.example.org",
        "http://x.local:8080",
    ])
    func `list an origin as a browser sends it`(_ origin: String) {
        #expect(rules.lists(Array(origin.utf8)[...]))
    }

    @Test(arguments: [
        "null", "", "*", "https://", "https://APP.example", "http://app.example", "https://app.example:8443",
        "https://app.example.", "https://app.example.evil.example", "https://evil-app.example", "https://example.org",
        "https://evilexample.org", "https://.example.org", "https://a..example.org", "https://*.example.org",
        "https://evil.example/.example.org", "https://evil.example#.example.org", "https://user@.example.org",
        "https://evil.example:1.example.org", "https://a b.example.org", "https://é.example.org",
        "http://a.example.org", "https://a.example.org:443", "http://x.local", "http://x.local:80800",
        "xhttps://app.example", "https://app.example https://app.example", "https://app.example, https://app.example",
    ])
    func `list no other`(_ origin: String) {
        #expect(!rules.lists(Array(origin.utf8)[...]))
    }

    @Test func `give a page of a listed origin what it needs, and echo nothing else`() throws {
        let listed = [
            "Vary: Origin", "Access-Control-Allow-Origin: https://app.example",
            "Access-Control-Allow-Credentials: true",
        ]
        let fields = try fields(rules, "GET", ["Origin: https://app.example"])
        #expect(
            fields == listed.map { $0[...] } + ["Access-Control-Expose-Headers: Allow, Retry-After, WWW-Authenticate"])
        #expect(try self.fields(rules, "GET", ["Origin: https://evil.example"]) == ["Vary: Origin"])
        #expect(try self.fields(rules, "GET", ["Origin: null"]) == ["Vary: Origin"])
        #expect(try self.fields(rules, "GET", []) == ["Vary: Origin"])
        let twice = ["Origin: https://app.example", "Origin: https://evil.example"]
        #expect(try self.fields(rules, "GET", twice) == ["Vary: Origin"])
    }

    @Test func `say nothing when there are none`() throws {
        #expect(try fields(OriginRules(), "GET", ["Origin: https://app.example"]).isEmpty)
    }

    @Test func `let a page of any origin read with an asterisk, without credentials`() throws {
        let any = OriginRules(["*", "https://app.example"])
        let fields = try fields(any, "GET", ["Origin: null"])
        #expect(fields.contains("Access-Control-Allow-Origin: *"))
        #expect(!fields.contains { $0.hasPrefix("Access-Control-Allow-Credentials") })
        let preflight = ["Origin: https://evil.example", "Access-Control-Request-Method: POST"]
        #expect(try self.fields(any, "OPTIONS", preflight).contains("Access-Control-Allow-Methods: GET, HEAD"))
        let publisher = try head("POST", ["Origin: https://evil.example", "Content-Length: 1"])
        #expect(!any.listsOrigin(of: publisher))
        let listed = try self.fields(any, "GET", ["Origin: https://app.example"])
        #expect(listed.contains("Access-Control-Allow-Origin: https://app.example"))
    }

    @Test func `answer a preflight with the methods and fields that a page may send`() throws {
        let preflight = ["Origin: https://app.example", "Access-Control-Request-Method: POST"]
        let fields = try fields(rules, "OPTIONS", preflight)
        #expect(fields.contains("Access-Control-Allow-Methods: GET, HEAD, POST, DELETE"))
        #expect(
            fields.contains(
                "Access-Control-Allow-Headers: authorization, cache-control, content-type, idempotency-key, last-event-id"
            ))
        #expect(fields.contains("Access-Control-Max-Age: 7200"))
        let evil = ["Origin: https://evil.example", "Access-Control-Request-Method: POST"]
        #expect(try self.fields(rules, "OPTIONS", evil) == ["Vary: Origin"])
    }

    @Test func `let a public page reach a private address only where the operator says so`() throws {
        let preflight = [
            "Origin: https://app.example", "Access-Control-Request-Method: POST",
            "Access-Control-Request-Private-Network: true",
        ]
        let allowed = "Access-Control-Allow-Private-Network: true"
        #expect(try !fields(rules, "OPTIONS", preflight).contains(allowed[...]))
        let open = OriginRules(["https://app.example"], allowsPrivateNetwork: true)
        #expect(try fields(open, "OPTIONS", preflight).contains(allowed[...]))
        #expect(try !fields(open, "OPTIONS", Array(preflight.dropLast())).contains(allowed[...]))
    }
}
