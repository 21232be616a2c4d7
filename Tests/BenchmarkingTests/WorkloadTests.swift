import HTTPMessages
import Kernel
import Testing
import TimeLimits

@testable import Benchmarking

private func workload(channels: Int, publishers: Int = 1) throws -> Workload {
    let endpoint = try Endpoint("http://127.0.0.1:1/{channel}")
    var workload = Workload(subscribe: endpoint, publish: endpoint)
    workload.channels = channels
    workload.publishers = publishers
    return workload
}

@Suite(.endsInTime()) struct `A workload` {
    @Test(arguments: [(1, 1), (1, 4), (2, 1), (3, 5), (5, 3), (7, 7), (10, 1)])
    func `numbers the events of one publisher to one channel without a hole, and counts them alike`(
        _ channels: Int, _ publishers: Int
    ) throws {
        let workload = try workload(channels: channels, publishers: publishers)
        for publisher in 0..<publishers {
            var sequences = [[UInt32]](repeating: [], count: channels)
            for count in 0...40 {
                let shares = (0..<channels).map { workload.share(of: $0, in: count, from: publisher) }
                #expect(shares == sequences.map(\.count), "\(count) events of publisher \(publisher)")
                let destination = workload.destination(of: count, from: publisher)
                sequences[destination.channel].append(destination.sequence)
            }
            for sequence in sequences { #expect(sequence == Array(0..<UInt32(sequence.count))) }
            // Evenly spread: no channel is more than one event ahead.
            let counts = sequences.map(\.count)
            #expect(counts.max()! - counts.min()! <= 1)
        }
    }

    @Test func `lets each publisher begin with a channel of its own`() throws {
        let workload = try workload(channels: 3, publishers: 5)
        #expect((0..<5).map { workload.destination(of: 0, from: $0).channel } == [0, 1, 2, 0, 1])
    }

    @Test func `names its channels`() throws {
        var workload = try workload(channels: 2)
        workload.channelPrefix = "a/b-"
        #expect(workload.channel(12) == "a/b-12")
    }
}

@Suite(.endsInTime()) struct `A template` {
    @Test(arguments: [
        ("", ""), ("{a}", "1"), ("x{a}y{b}{a}", "x1y{a}1"), ("{\"data\":\"{a}\"}", "{\"data\":\"1\"}"),
        ("{c}", "{c}"), ("{", "{"), ("}{", "}{"), ("{a", "{a"), ("{{a}}", "{1}"), ("{}", "{}"), ("{ a}{a}", "{ a}1"),
        ("{a}\n{\"b\":{b}}\n", "1\n{\"b\":{a}}\n"), ("é{a}é", "é1é"),
    ])
    func `puts values in the place of the names it knows, once, and leaves the rest`(
        _ text: String, _ expected: String
    ) {
        #expect(Template.fill(text, ["a": "1", "b": "{a}"]) == expected)
    }
}

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

    @Test func `knows its address and what its Host field says`() throws {
        let plain = try Endpoint("http://127.0.0.1/x")
        #expect("\(plain.address)" == "127.0.0.1:80" && plain.authority == "127.0.0.1")
        let bracketed = try Endpoint("HTTP://[::1]:8080/x")
        #expect("\(bracketed.address)" == "[::1]:8080" && bracketed.authority == "[::1]:8080")
    }

    @Test(arguments: ["", "127.0.0.1:80", "https://127.0.0.1/", "ftp://127.0.0.1/", "http:///x", "unix:/run/x"])
    func `is not made of anything but an address of HTTP`(_ url: String) {
        #expect {
            _ = try Endpoint(url)
        } throws: {
            "\($0)" == "\(url) is not http://host:port/path."
        }
    }

    @Test func `says which host it does not find`() {
        #expect {
            _ = try Endpoint("http://no..host/x")
        } throws: {
            $0 is Endpoint.Invalid && "\($0)".hasPrefix("no..host: ")
        }
    }
}
