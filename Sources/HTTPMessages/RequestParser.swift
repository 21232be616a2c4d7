/// Reads requests from the bytes of a connection, which may come in any pieces and may hold several requests.
///
/// Call ``next(_:_:)`` until it says ``Step/needsMore``. After ``Step/end`` it is ready for the next request. After a
/// refusal it must not be used again.
public struct RequestParser: Sendable {
    /// What was found.
    public enum Step: Sendable {
        /// The input is used up.
        case needsMore
        /// A head. Its body follows, if any, and then ``end``.
        case head(RequestHead)
        /// Bytes of the body, as a range of the input that was given.
        case body(Range<Int>)
        /// The end of the request.
        case end
    }

    private enum State: Sendable {
        case head(HeadScanner)
        case body(BodyDecoder)
    }

    private var state = State.head(HeadScanner())
    private let limits: MessageLimits

    /// A parser at the start of a connection.
    public init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
    }

    /// Whether the bytes so far end between two requests: a connection that closes here has cut nothing off.
    public var isBetweenRequests: Bool {
        switch state {
        case .head(let scanner): scanner.isEmpty
        case .body: false
        }
    }

    /// Whether a head has been read and its body has not ended yet.
    public var isInBody: Bool {
        if case .body = state { true } else { false }
    }

    /// Takes bytes of `input` from `offset` on until something is found; moves `offset` past what was taken.
    public mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        switch state {
        case .head(var scanner):
            // The state is put aside so that the scanner's buffers have one owner and grow in place.
            state = .head(HeadScanner())
            guard try scanner.scan(input, &offset, limits) else {
                state = .head(scanner)
                return .needsMore
            }
            let head = try RequestHead(scanner, limits)
            state = .body(BodyDecoder(head.framing, limit: limits.body))
            return .head(head)
        case .body(var decoder):
            let step = try decoder.next(input, &offset)
            state = .body(decoder)
            switch step {
            case .needsMore: return .needsMore
            case .bytes(let range): return .body(range)
            case .end:
                state = .head(HeadScanner())
                return .end
            }
        }
    }
}
