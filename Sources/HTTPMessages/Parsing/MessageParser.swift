/// Finds the head and the body of messages in the bytes of a connection, for requests and responses alike.
struct MessageParser: Sendable {
    enum Step {
        /// The parser has consumed all input.
        case needsMore
        /// The lines of a head. Call ``startBody(_:limit:)`` next.
        case head(HeadScanner)
        /// Bytes of the body, as a range of the input.
        case body(Range<Int>)
        case end
    }

    private enum State: Sendable {
        case head(HeadScanner)
        case body(BodyDecoder)
    }

    private var state = State.head(HeadScanner())
    private let limits: MessageLimits

    init(_ limits: MessageLimits) {
        self.limits = limits
    }

    /// Whether the bytes so far end between two messages: a connection that closes now interrupts none.
    var isBetweenMessages: Bool {
        switch state {
        case .head(let scanner): scanner.isEmpty
        case .body: false
        }
    }

    /// Whether no byte, not even a blank line, has arrived since the last message. Only then may you replace the parser
    /// by a new one, because blank lines count towards the limit of the head.
    var isUntouched: Bool {
        switch state {
        case .head(let scanner): scanner.isUntouched
        case .body: false
        }
    }

    /// Whether the parser is between the head of a message and the end of its body.
    var isInBody: Bool {
        if case .body = state { true } else { false }
    }

    mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        switch state {
        case .head(var scanner):
            // Replace the state first, so that the scanner's buffers have one owner and grow in place.
            state = .head(HeadScanner())
            if try scanner.scan(input, &offset, limits) { return .head(scanner) }
            state = .head(scanner)
            return .needsMore
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

    /// Expects the body that a head announces.
    ///
    /// - Parameter limit: the most bytes of the decoded body.
    mutating func startBody(_ framing: Framing, limit: Int) { state = .body(BodyDecoder(framing, limit: limit)) }
}
