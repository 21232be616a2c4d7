import Testing
import TimeLimits

@testable import Configuring

@Suite(.endsInTime()) struct `A listener` {
    @Test(arguments: [
        ("127.0.0.1:80", ListenAddress.tcp(host: "127.0.0.1", port: 80)), ("[::1]:80", .tcp(host: "::1", port: 80)),
        (":80", .tcp(host: "", port: 80)), ("*:80", .tcp(host: "", port: 80)),
        ("unix:/run/a", .unix(path: "/run/a")), ("systemd:x", .inherited(name: "x")),
    ])
    func `has an address`(_ text: String, _ expected: ListenAddress) throws {
        #expect(try ListenAddress(text) == expected)
    }

    @Test(arguments: ["80", "a", "::1:80", "a:b", "a:65536", "unix:", "systemd:", ""])
    func `is refused without a valid address`(_ text: String) {
        #expect(throws: InvalidValue.self) { try ListenAddress(text) }
    }

    @Test(arguments: [
        "0.0.0.0:80", ":80", "[::]:80", "192.0.2.1:80", "example.org:80", "127.evil.example:80", "127.0.0.example:80",
    ])
    func `outside loopback must not let anyone publish unless it is open`(_ address: String) throws {
        let found = mistakes(listen: [address])
        #expect(found.first?.contains("would let anyone publish and administer") == true, "\(found)")
        #expect(found.first?.contains("roles = [\"subscribe\"]") == true)
        #expect(found.first?.contains("open = true") == true)
        #expect(mistakes(listen: ["\(address)=subscribe"]).isEmpty)
        #expect(try load(listen: ["\(address)=subscribe,publish,open"]).listen[0].isOpen)
    }

    @Test(arguments: ["127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "localhost:80", "unix:/run/x"])
    func `on this machine only may do everything`(_ address: String) {
        #expect(mistakes(listen: [address]).isEmpty)
    }

    @Test func `that exposes publishing is reported with its line`() {
        let text = "[server]\n[[listen]]\naddress = \"0.0.0.0:1\""
        #expect(mistakes(text).first?.hasPrefix("crier.toml:3: listen: 0.0.0.0:1 can be reached") == true)
    }

    @Test func `of the command line replaces those of the file`() throws {
        let settings = try load("[[listen]]\naddress = \"127.0.0.1:1\"", listen: ["127.0.0.1:2=publish"])
        #expect(settings.listen.map(\.address.description) == ["127.0.0.1:2"])
        #expect(settings.listen[0].roles == [.publish])
    }

    @Test func `of the environment may be several`() throws {
        let settings = try load(environment: ["CRIER_LISTEN": "127.0.0.1:1=subscribe unix:/x=publish"])
        #expect(settings.listen.map(\.address.description) == ["127.0.0.1:1", "unix:/x"])
    }

    @Test func `may list origins, and shows them`() throws {
        let text = """
            [[listen]]
            address = "127.0.0.1:1"
            origins = ["https://app.example", "https://*.example.org", "http://localhost:3000", "http://[::1]:3000", "app://x", "*"]
            private-network = true
            """
        let settings = try load(text)
        #expect(settings.listen[0].origins.count == 6 && settings.listen[0].allowsPrivateNetwork)
        #expect(try load(settings.toml) == settings)
    }

    @Test(arguments: [
        ("null", "every sandboxed page has it"), ("app.example", "it begins with a scheme such as https://"),
        ("HTTPS://app.example", "the scheme is in lower case"), ("https://app.example/", "without /"),
        ("http://[evil]", "the host is in lower case"),
        ("https://App.example", "the host is in lower case"), ("https://*", "the host is in lower case"),
        ("https://a.*.example", "with no asterisk except as its first label"),
        ("https://", "the host is in lower case"),
        ("https://app.example:443", "browsers leave out the standard port"),
        ("http://app.example:80", "browsers leave out the standard port"),
        ("https://app.example:x", "the port is a number"), ("https://app.example:0443", "the port is a number"),
        ("https://a.example https://b.example", "without /"),
    ])
    func `is refused with an origin that no browser sends`(_ origin: String, _ reason: String) {
        let found = mistakes("[[listen]]\naddress = \"127.0.0.1:1\"\norigins = [\"\(origin)\"]")
        #expect(
            found.first?.hasPrefix("crier.toml:3: listen[0].origins: \"\(origin)\" is not an origin such as") == true)
        #expect(found.first?.contains(reason) == true, "\(found)")
    }
}
