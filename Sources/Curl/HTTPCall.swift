/// A request of the daemon to a server that the operator has named.
public struct HTTPCall: Sendable {
    /// An `http` or `https` URL.
    public let url: String
    /// The fields, without line breaks.
    public let fields: [(name: String, value: String)]
    /// The body of a POST, without control characters, as JSON has none; nil for a GET.
    public let body: [UInt8]?

    /// A POST.
    public init(post body: [UInt8], to url: String, fields: [(name: String, value: String)]) {
        self.url = url
        self.fields = fields
        self.body = body
    }

    /// A GET.
    public init(get url: String, fields: [(name: String, value: String)]) {
        self.url = url
        self.fields = fields
        body = nil
    }

    /// The call as a part of a configuration file of curl.
    ///
    /// - Parameters:
    ///   - number: which call it is.
    ///   - output: the descriptor that gets the body of the answer; nil to throw it away.
    func configuration(_ number: Int, output: Int?, milliseconds: UInt64, bodyLimit: Int) -> [UInt8] {
        let seconds = "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
        let lines: [(String, [UInt8])] =
            [
                ("url", Array(url.utf8)), ("max-time", Array(seconds.utf8)),
                ("max-filesize", Array("\(bodyLimit)".utf8)),
                ("proto", Array((url.hasPrefix("https://") ? "=https" : "=http").utf8)),
                ("output", Array((output.map { "/dev/fd/\($0)" } ?? "/dev/null").utf8)),
                // Standard error has no buffer: each line comes as soon as its call is over.
                ("write-out", Array("%{stderr}\(number) %{response_code} %{exitcode} %{errormsg}\n".utf8)),
                // Otherwise curl waits a second for the answer to `Expect: 100-continue`.
                ("header", Array("Expect:".utf8)),
            ] + (body.map { [("data-raw", $0)] } ?? [])
            + fields.map { ("header", Array("\($0.name): \($0.value)".utf8)) }
        var text = number == 0 ? [] : Array("next\n".utf8)
        text += Array("silent\ngloboff\n".utf8)
        for (name, value) in lines { text += Curl.option(name, value) }
        return text
    }
}
