import HTTPMessages
import Kernel
import Testing
import TimeLimits

@testable import Benchmarking

@Suite(.endsInTime()) struct `An endpoint` {
    @Test(arguments: [
        ("http://127.0.0.1:8080/events/{channel}", "a", "/events/a"),
        ("http://127.0.0.1/sub/{channel}?again={channel}&x={y}", "b-1", "/sub/b-1?again=b-1&x={y}"),
        ("http://127.0.0.1/{channel}", "a b/ü?#%{channel}", "/a%20b/%C3%BC%3F%23%25%7Bchannel%7D"),
        ("http://127.0.0.1/all", "a", "/all"), ("http://127.0.0.1", "a", "/"), ("http://127.0.0.1:80/", "a", "/"),
    ])
    func `fills its target with the channel, percent-encoded`(
        _ url: String, _ channel: String, _ target: String
    ) throws {
        #expect(try Endpoint(url).target(channel) == target)
    }

    @Test func `has an address and a Host field`() throws {
        let plain = try Endpoint("http://127.0.0.1/x")
        #expect("\(plain.address)" == "127.0.0.1:80" && plain.authority == "127.0.0.1")
        let bracketed = try Endpoint("HTTP://[::1]:8080/x")
        #expect("\(bracketed.address)" == "[::1]:8080" && bracketed.authority == "[::1]:8080")
    }

    @Test(arguments: ["", "127.0.0.1:80", "https://127.0.0.1/", "ftp://127.0.0.1/", "http:///x", "unix:/run/x"])
    func `accepts only http URLs`(_ url: String) {
        #expect {
            _ = try Endpoint(url)
        } throws: {
            "\($0)" == "\(url) is not http://host:port/path."
        }
    }

    @Test func `names a host that it cannot resolve`() {
        #expect {
            _ = try Endpoint("http://no..host/x")
        } throws: {
            $0 is Endpoint.Invalid && "\($0)".hasPrefix("no..host: ")
        }
    }
}
