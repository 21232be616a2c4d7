import HTTPMessages
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `An http URL` {
    struct Parts: Equatable, Sendable {
        let host: String
        let port: UInt16
        let authority: String
        let target: String
    }

    @Test(arguments: [
        ("http://example.org", Parts(host: "example.org", port: 80, authority: "example.org", target: "")),
        ("http://example.org/", Parts(host: "example.org", port: 80, authority: "example.org", target: "/")),
        (
            "http://127.0.0.1:8080/a/b?c=d:e@f%20",
            Parts(host: "127.0.0.1", port: 8080, authority: "127.0.0.1:8080", target: "/a/b?c=d:e@f%20")
        ),
        ("HTTP://Host-1.x_y:1", Parts(host: "Host-1.x_y", port: 1, authority: "Host-1.x_y:1", target: "")),
        ("http://h:65535/{x}", Parts(host: "h", port: 65535, authority: "h:65535", target: "/{x}")),
        ("http://h:080/", Parts(host: "h", port: 80, authority: "h:080", target: "/")),
        ("http://[::1]/x", Parts(host: "::1", port: 80, authority: "[::1]", target: "/x")),
        ("http://[2001:db8::1]:81/", Parts(host: "2001:db8::1", port: 81, authority: "[2001:db8::1]:81", target: "/")),
        ("http://h/http://i:2/", Parts(host: "h", port: 80, authority: "h", target: "/http://i:2/")),
        ("http://h//[x]", Parts(host: "h", port: 80, authority: "h", target: "//[x]")),
    ])
    func `is split but not decoded`(_ text: String, _ parts: Parts) throws {
        let url = try #require(HTTPURL(text))
        #expect(Parts(host: url.host, port: url.port, authority: url.authority, target: url.target) == parts)
    }

    @Test(arguments: [
        "", "http", "http:", "http:/", "http://", "http:///x", "https://h/", "ftp://h/", "h:80", "//h/", " http://h/",
        "unix:/run/x",
    ])
    func `begins with http:// and a host`(_ text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test(arguments: ["", "x", "65536", "-1", "+80", "8 0", "8x", "１"])
    func `has a port of digits only, from 0 to 65535`(_ port: String) {
        #expect(HTTPURL("http://h:\(port)/") == nil)
        #expect(HTTPURL("http://[::1]:\(port)") == nil)
    }

    @Test(arguments: ["u@h", "u:p@h", "@h", "u:p@h:80"])
    func `has no user information`(_ authority: String) {
        #expect(HTTPURL("http://\(authority)/") == nil)
    }

    @Test(arguments: [
        ":80", "[]", "[]:80", "::1", "a:b:80", "[::1", "::1]", "[::1]x", "[::1]:80:80", "a[b]", "[[::1]]",
    ])
    func `has a host, with colons only in brackets`(_ authority: String) {
        #expect(HTTPURL("http://\(authority)/") == nil)
    }

    @Test(arguments: [" ", "\t", "\r\n", "\n", "\0", "\u{7F}", "é", "\u{212A}"])
    func `is printable ASCII, because it goes into the Host field and the request line`(
        _ character: String
    ) {
        for text in [
            "http://a\(character)b/", "http://a\(character)", "http://h/\(character)", "http://h/a\(character)b",
        ] {
            #expect(HTTPURL(text) == nil, "\(text)")
        }
    }

    @Test(arguments: ["http://h?a=b", "http://h:80?a", "http://h#x", "http://h\\x/"])
    func `has a path before its query`(_ text: String) {
        #expect(HTTPURL(text) == nil)
    }
}
