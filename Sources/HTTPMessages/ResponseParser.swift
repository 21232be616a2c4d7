/// The head of a response (RFC 9112 section 4).
public struct ResponseHead: Sendable {
    /// Three digits.
    public let status: Int
    /// The fields.
    public let fields: FieldSection
    /// How the body ends.
    public let framing: Framing
    /// Whether the connection can take another request afterwards.
    public let keepsAlive: Bool

    init(_ scanner: HeadScanner, _ limits: MessageLimits) throws(Refusal) {
        let line = Array(scanner.bytes[scanner.lines[0]])
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8), line[7].isDigit, line[8] == Ascii.space,
            line[9...11].allSatisfy(\.isDigit), line.count == 12 || line[12] == Ascii.space
        else { throw .badStatusLine }
        let status = line[9...11].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        self.status = status
        fields = try FieldSection(scanner.lines.dropFirst(), of: scanner.bytes)
        let hasNoBody = status < 200 || status == 204 || status == 304
        let isHTTP10 = line[7] == 0x30
        framing = hasNoBody ? .none : try Framing(fields, isHTTP10: isHTTP10, limit: limits.body) ?? .untilClose
        keepsAlive =
            !fields.list("connection", has: "close") && framing != .untilClose
            && (!isHTTP10 || fields.list("connection", has: "keep-alive"))
    }
}

/// Reads responses from the bytes of a connection, for clients.
public struct ResponseParser: Sendable {
    /// What was found.
    public enum Step: Sendable {
        /// The input is used up.
        case needsMore
        /// A head. Its body follows, if any, and then ``end``.
        case head(ResponseHead)
        /// Bytes of the body, as a range of the input that was given.
        case body(Range<Int>)
        /// The end of the response; one that goes on until the connection closes never says so.
        case end
    }

    private enum State: Sendable {
        case head(HeadScanner)
        case body(BodyDecoder)
    }

    private var state = State.head(HeadScanner())
    private let limits: MessageLimits

    /// - Parameter limits: the body may be endless, as that of an event stream is.
    public init(limits: MessageLimits = MessageLimits(body: .max)) {
        self.limits = limits
    }

    /// Takes bytes of `input` from `offset` on until something is found; moves `offset` past what was taken.
    public mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        switch state {
        case .head(var scanner):
            state = .head(HeadScanner())
            guard try scanner.scan(input, &offset, limits) else {
                state = .head(scanner)
                return .needsMore
            }
            let head = try ResponseHead(scanner, limits)
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
