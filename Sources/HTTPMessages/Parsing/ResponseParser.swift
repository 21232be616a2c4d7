/// Parses HTTP/1 responses from the bytes of a connection, for a client. Pieces of any size may hold parts of responses
/// or several.
///
/// Call ``next(_:_:)`` until it returns ``Step/needsMore``. After ``Step/end`` the parser is ready for the next
/// response. Do not use it again after it has thrown.
public struct ResponseParser: Sendable {
    /// The next part of a response.
    public enum Step: Sendable {
        /// The parser has consumed all input.
        case needsMore
        /// A head. The body follows, if there is one, and then ``end``.
        case head(ResponseHead)
        /// Bytes of the body, as a range of the input.
        case body(Range<Int>)
        /// The end of the response. A body that lasts until the connection closes never reaches it.
        case end
    }

    private var parser: MessageParser
    private let bodyLimit: Int

    /// A parser for a new connection.
    ///
    /// - Parameter limits: by default the body has no limit, since that of an event stream never ends.
    public init(limits: MessageLimits = MessageLimits(body: .max)) {
        parser = MessageParser(limits)
        bodyLimit = limits.body
    }

    /// Consumes bytes of `input` from `offset` on, up to the next part of a response, and moves `offset` past them.
    ///
    /// - Throws: the reason for which the bytes are no response.
    public mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        switch try parser.next(input, &offset) {
        case .needsMore: return .needsMore
        case .body(let range): return .body(range)
        case .end: return .end
        case .head(let scanner):
            let head = try ResponseHead(scanner)
            parser.startBody(head.framing, limit: bodyLimit)
            return .head(head)
        }
    }
}
