/// Parses responses, for a client.
public typealias ResponseParser = MessageParser<ResponseHead>

extension ResponseParser {
    /// A parser for a new connection.
    ///
    /// - Parameter limits: by default the body has no limit, since that of an event stream never ends.
    public init(limits: MessageLimits = MessageLimits(body: .max)) {
        self.init(limits) { scanner, limits throws(Refusal) in
            let head = try ResponseHead(scanner)
            return (head, head.framing, limits.body)
        }
    }
}
