/// Parses HTTP/1 requests from the bytes of a connection, for a server. Pieces of any size may hold parts of requests or
/// several.
///
/// Call ``next(_:_:)`` until it returns ``Step/needsMore``. After ``Step/end`` the parser is ready for the next
/// request. Do not use it again after it has thrown.
public struct RequestParser: Sendable {
    /// The next part of a request.
    public enum Step: Sendable {
        /// The parser has consumed all input.
        case needsMore
        /// A head. The body follows, if there is one, and then ``end``.
        case head(RequestHead)
        /// Bytes of the body, as a range of the input.
        case body(Range<Int>)
        /// The end of the request.
        case end
    }

    /// The head of the request that ``next(_:_:)`` refused for the length of its body; nil before.
    public private(set) var refusedHead: RequestHead?
    private var parser: MessageParser
    private let bodyLimit: Int
    private let isEndless: @Sendable (RequestHead) -> Bool

    /// A parser for a new connection.
    ///
    /// - Parameters:
    ///   - limits: the most bytes and fields of a request.
    ///   - isEndless: whether the limit on the body does not apply, because the caller processes the body as it
    ///     arrives.
    public init(
        limits: MessageLimits = MessageLimits(), isEndless: @escaping @Sendable (RequestHead) -> Bool = { _ in false }
    ) {
        parser = MessageParser(limits)
        bodyLimit = limits.body
        self.isEndless = isEndless
    }

    /// Whether the bytes so far end between two requests: a connection that closes now interrupts none.
    public var isBetweenMessages: Bool { parser.isBetweenMessages }

    /// Whether no byte, not even a blank line, has arrived since the last request. Only then may you replace the parser
    /// by a new one, because blank lines count towards the limit of the head.
    public var isUntouched: Bool { parser.isUntouched }

    /// Whether the parser is between the head of a request and the end of its body.
    public var isInBody: Bool { parser.isInBody }

    /// Consumes bytes of `input` from `offset` on, up to the next part of a request, and moves `offset` past them.
    ///
    /// - Throws: the reason to refuse the request, with the status to answer and the clause of the standard.
    public mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        switch try parser.next(input, &offset) {
        case .needsMore: return .needsMore
        case .body(let range): return .body(range)
        case .end: return .end
        case .head(let scanner):
            let head = try RequestHead(scanner)
            let limit = isEndless(head) ? Int.max : bodyLimit
            if case .length(let length) = head.framing, length > limit {
                refusedHead = head
                throw .bodyTooLarge
            }
            parser.startBody(head.framing, limit: limit)
            return .head(head)
        }
    }
}
