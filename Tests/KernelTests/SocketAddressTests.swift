import Kernel
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A socket address` {
    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("192.0.2.1", false),
        ("::", false), ("0.0.0.0", false), ("::ffff:192.0.2.1", false), ("2001:db8::1", false),
    ])
    func `knows whether only this machine reaches it`(_ host: String, _ isLocal: Bool) throws {
        #expect(try #require(SocketAddress.resolve(host: host, port: 1).first).isLocal == isLocal)
    }

    @Test func `prints in the usual notation`() throws {
        #expect("\(try #require(SocketAddress.resolve(host: "192.0.2.1", port: 80).first))" == "192.0.2.1:80")
        #expect("\(try #require(SocketAddress.resolve(host: "2001:db8::1", port: 80).first))" == "[2001:db8::1]:80")
    }

    @Test func `on a path has 107 bytes at most`() {
        #expect(SocketAddress(unixPath: String(repeating: "x", count: 107)) != nil)
        #expect(SocketAddress(unixPath: String(repeating: "x", count: 108)) == nil)
        #expect(SocketAddress(unixPath: "") == nil)
    }

    @Test func `of an unknown name fails with the name`() {
        #expect { try SocketAddress.resolve(host: "no such host", port: 1) } throws: {
            "\($0)".contains("no such host")
        }
    }
}
