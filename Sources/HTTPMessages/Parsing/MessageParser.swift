/// Parses HTTP/1 messages from the bytes of a connection. Pieces of any size may hold parts of messages or several.
///
/// Call ``next(_:_:)`` until it returns ``Step/needsMore``. After ``Step/end`` the parser is ready for the next
/// message. Do not use it again after it has thrown.
public struct MessageParser<Head: Sendable>: Sendable {
    /// The next part of a message.
    public enum Step: Sendable {
        /// The parser has consumed all input.
        case needsMore
        /// A head. The body follows, if there is one, and then ``end``.
        case head(Head)
        /// Bytes of the body, as a range of the input.
        case body(Range<Int>)
        /// The end of the message. A body that lasts until the connection closes never reaches it.
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

    init(
        _ limits: MessageLimits,
        _ read:
            @escaping @Sendable (HeadScanner, MessageLimits) throws(Refusal) -> (
                head: Head, framing: Framing, bodyLimit: Int
            )
    ) {
        self.limits = limits
        self.read = read
    }

    /// Whether the bytes so far end between two messages: a connection that closes now interrupts none.
    public var isBetweenMessages: Bool {
        switch state {
        case .head(let scanner): scanner.isEmpty
        case .body: false
        }
    }

    /// Whether no byte, not even a blank line, has arrived since the last message. Only then may you replace the parser
    /// by a new one, because blank lines count towards the limit of the head.
    public var isUntouched: Bool {
        switch state {
        case .head(let scanner): scanner.isUntouched
        case .body: false
        }
    }

    /// Whether the parser is between the head of a message and the end of its body.
    public var isInBody: Bool {
        if case .body = state { true } else { false }
    }

    /// Consumes bytes of `input` from `offset` on, up to the next part of a message, and moves `offset` past them.
    ///
    /// - Throws: the reason to refuse the message, with the status to answer and the clause of the standard.
    public mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        switch state {
        case .head(var scanner):
            // Replace the state first, so that the scanner's buffers have one owner and grow in place.
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
