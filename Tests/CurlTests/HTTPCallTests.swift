import Testing

@testable import Curl

@Suite struct `A call` {
    private func configuration(_ call: HTTPCall, _ number: Int = 0, output: Int? = nil) -> String {
        let bytes = call.configuration(number, output: output, milliseconds: 1234, bodyLimit: 100)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `quotes what the configuration of curl would read otherwise`() {
        let call = HTTPCall(
            post: Array(#"{"a":"\"\\x"}"#.utf8), to: "http://h/\"p", fields: [("x", "a\"\nurl = \"evil")])
        let lines = configuration(call).split(separator: "\n")
        #expect(lines.contains(#"data-raw = "{\"a\":\"\\\"\\\\x\"}""#))
        #expect(lines.contains(#"url = "http://h/\"p""#))
        #expect(lines.count { $0.hasPrefix("url") } == 1)
        #expect(lines.contains("max-time = \"1.234\""))
    }

    @Test func `follows no redirect to another kind of server`() {
        #expect(configuration(HTTPCall(post: [], to: "https://h/", fields: [])).contains("proto = \"=https\""))
        #expect(configuration(HTTPCall(post: [], to: "http://h/", fields: [])).contains("proto = \"=http\""))
        #expect(!configuration(HTTPCall(post: [], to: "http://h/", fields: [])).contains("location"))
    }

    @Test func `throws the answer away or has it in a descriptor`() {
        let call = HTTPCall(post: [], to: "http://h/", fields: [])
        #expect(configuration(call).contains("output = \"/dev/null\""))
        #expect(configuration(call, 1, output: 4).contains("output = \"/dev/fd/4\""))
        #expect(configuration(call, 1).hasPrefix("next\n") && !configuration(call).hasPrefix("next"))
    }

    @Test func `to nobody is a failure with a reason`() {
        let replies = Curl.perform(
            (0..<3).map { _ in HTTPCall(post: [], to: "http://127.0.0.1:1/", fields: []) }, within: 5000, bodyLimit: 0)
        #expect(replies.count == 3)
        for reply in replies { #expect(reply.problem?.contains("127.0.0.1") == true, "\(reply)") }
    }
}
