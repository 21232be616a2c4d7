/// Reads messages from the bytes of a connection, which may come in any pieces and may hold several messages.
///
/// Call ``next(_:_:)`` until it says ``Step/needsMore``. After ``Step/end`` it is ready for the next message. After a
/// refusal it must not be used again.
public struct MessageParser<Head: Sendable>: Sendable {
    /// What was found.
    public enum Step: Sendable {
        /// The input is used up.
        case needsMore
        /// A head. Its body follows, if any, and then ``end``.
        case head(Head)
        /// Bytes of the body, as a range of the input that was given.
        case body(Range<Int>)
        /// The end of the message; a body that goes on until the connection closes never comes to it.
        case end
    }

    private enum State: Sendable {
        case head(HeadScanner)
        case body(BodyDecoder)
    }

    private var state = State.head(HeadScanner())
    private let limits: MessageLimits
    private let read:
        @Sendable (HeadScanner, MessageLimits) throws(Refusal) -> (head: Head, framing: Framing, bodyLimit: Int)

    private init(
        _ limits: MessageLimits,
        _ read:
            @escaping @Sendable (HeadScanner, MessageLimits) throws(Refusal) -> (
                head: Head, framing: Framing, bodyLimit: Int
            )
    ) {
        self.limits = limits
        self.read = read
    }

    /// Whether the bytes so far end between two messages: a connection that closes here has cut nothing off.
    public var isBetweenMessages: Bool {
        switch state {
        case .head(let scanner): scanner.isEmpty
        case .body: false
        }
    }

    /// Whether nothing has come since the last message, blank lines included: a parser in this state can be replaced by
    /// a new one without forgetting how much of its limits was used up.
    public var isUntouched: Bool {
        switch state {
        case .head(let scanner): scanner.isUntouched
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
            let found = try read(scanner, limits)
            state = .body(BodyDecoder(found.framing, limit: found.bodyLimit))
            return .head(found.head)
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

/// Reads requests, for a server.
public typealias RequestParser = MessageParser<RequestHead>

extension RequestParser {
    /// A parser at the start of a connection.
    ///
    /// - Parameter isEndless: whether the body of a request may be of any length, since it is used as it comes.
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

/// Reads responses, for a client.
public typealias ResponseParser = MessageParser<ResponseHead>

extension ResponseParser {
    /// - Parameter limits: the body may be endless, as that of an event stream is.
    public init(limits: MessageLimits = MessageLimits(body: .max)) {
        self.init(limits) { scanner, limits throws(Refusal) in
            let head = try ResponseHead(scanner)
            return (head, head.framing, limits.body)
        }
    }
}
