/// Finds the body in the bytes of a connection, without copying it (RFC 9112 sections 6 and 7).
struct BodyDecoder: Sendable {
    enum Step: Equatable {
        case needsMore
        case bytes(Range<Int>)
        case end
    }

    private var state: State
    private var remaining: Int

    /// - Parameter limit: the most bytes of the decoded body.
    init(_ framing: Framing, limit: Int) {
        remaining = limit
        switch framing {
        case .none: state = .done
        case .length(let length): state = length == 0 ? .done : .length(length)
        case .chunked: state = .chunkSize(value: 0, digits: 0)
        case .untilClose: state = .untilClose
        }
    }

    /// Consumes bytes from `offset` on, up to a run of body bytes, the end of the body or the end of the input.
    ///
    /// - Throws: the reason to refuse the message; do not call it again after that.
    mutating func next(_ input: Span<UInt8>, _ offset: inout Int) throws(Refusal) -> Step {
        while true {
            switch state {
            case .done: return .end
            case .untilClose:
                return try run(of: input.count - offset, input, &offset) { _ in .untilClose }
            case .length(let left):
                return try run(of: left, input, &offset) { $0 == 0 ? .done : .length($0) }
            case .chunkData(let left):
                return try run(of: left, input, &offset) { $0 == 0 ? .chunkDataCarriageReturn : .chunkData($0) }
            default:
                guard offset < input.count else { return .needsMore }
                let byte = input[offset]
                offset += 1
                state = try state.after(byte)
                if case .chunkData(let size) = state, size > remaining { throw .bodyTooLarge }
            }
        }
    }

    private mutating func run(
        of length: Int, _ input: Span<UInt8>, _ offset: inout Int, _ following: (Int) -> State
    ) throws(Refusal) -> Step {
        let count = min(length, input.count - offset)
        guard count > 0 else { return .needsMore }
        guard count <= remaining else { throw .bodyTooLarge }
        remaining -= count
        state = following(length - count)
        offset += count
        return .bytes((offset - count)..<offset)
    }
}
