/// Parses requests, for a server.
public typealias RequestParser = MessageParser<RequestHead>

extension RequestParser {
    /// A parser for a new connection.
    ///
    /// - Parameters:
    ///   - limits: the most bytes and fields of a request.
    ///   - isEndless: whether the limit on the body does not apply, because the caller processes the body as it
    ///     arrives.
    public init(
        limits: MessageLimits = MessageLimits(), isEndless: @escaping @Sendable (RequestHead) -> Bool = { _ in false }
    ) {
        self.init(limits) { scanner, limits throws(Refusal) in
            let head = try RequestHead(scanner)
            let bodyLimit = isEndless(head) ? Int.max : limits.body
            if case .length(let length) = head.framing, length > bodyLimit { throw .bodyTooLarge }
            return (head, head.framing, bodyLimit)
        }
    }
}
