/// Finds the bytes of a body among the bytes of a connection, without copying them.
struct BodyDecoder: Sendable {
    enum Step: Equatable {
        case needsMore
        case bytes(Range<Int>)
        case end
    }

    fileprivate enum State: Sendable {
        case length(Int)
        case untilClose
        case chunkSize(value: Int, digits: Int)
        case chunkExtension(value: Int, length: Int)
        case chunkSizeLineFeed(Int)
        case chunkData(Int)
        case chunkDataCarriageReturn
        case chunkDataLineFeed
        case trailer(length: Int, lineLength: Int, sawColon: Bool)
        case trailerLineFeed(length: Int, lineLength: Int)
        case done
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

    /// Takes bytes from `offset` on until a run of body bytes, the end of the body or the end of the input.
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

extension BodyDecoder.State {
    /// The state after one byte of chunk framing (RFC 9112 section 7.1).
    fileprivate func after(_ byte: UInt8) throws(Refusal) -> Self {
        switch self {
        case .chunkSize(let value, let digits):
            if let digit = byte.hexadecimalValue {
                // Sixteen digits hold every number below 2^63 with none to spare for leading zeros without end.
                guard digits < 16, value <= Int.max >> 4 else { throw .badChunkSize }
                return .chunkSize(value: value << 4 | Int(digit), digits: digits + 1)
            }
            guard digits > 0 else { throw .badChunkSize }
            if byte == Ascii.carriageReturn { return .chunkSizeLineFeed(value) }
            guard byte == 0x3B || byte == Ascii.space || byte == Ascii.tab else { throw .badChunkSize }
            return .chunkExtension(value: value, length: 1)
        case .chunkExtension(let value, let length):
            if byte == Ascii.carriageReturn { return .chunkSizeLineFeed(value) }
            guard byte != Ascii.lineFeed else { throw .bareLineFeed }
            guard byte.isFieldContent else { throw .badChunkSize }
            guard length < MessageLimits.chunkExtension else { throw .chunkExtensionTooLong }
            return .chunkExtension(value: value, length: length + 1)
        case .chunkSizeLineFeed(let value):
            guard byte == Ascii.lineFeed else { throw .bareCarriageReturn }
            return value == 0 ? .trailer(length: 0, lineLength: 0, sawColon: false) : .chunkData(value)
        case .chunkDataCarriageReturn:
            guard byte == Ascii.carriageReturn else { throw .badChunkEnd }
            return .chunkDataLineFeed
        case .chunkDataLineFeed:
            guard byte == Ascii.lineFeed else { throw .badChunkEnd }
            return .chunkSize(value: 0, digits: 0)
        case .trailer(let length, let lineLength, let sawColon):
            guard length < MessageLimits.trailer else { throw .trailerTooLarge }
            if byte == Ascii.carriageReturn {
                guard lineLength == 0 || sawColon else { throw .badTrailer }
                return .trailerLineFeed(length: length + 1, lineLength: lineLength)
            }
            // Trailer fields are read past and dropped, as RFC 9110 section 6.5.1 allows; they must still be fields.
            let isValid = sawColon ? byte.isFieldContent : byte.isToken || (byte == Ascii.colon && lineLength > 0)
            guard isValid else { throw byte == Ascii.lineFeed ? .bareLineFeed : .badTrailer }
            return .trailer(
                length: length + 1, lineLength: lineLength + 1, sawColon: sawColon || byte == Ascii.colon)
        case .trailerLineFeed(let length, let lineLength):
            guard byte == Ascii.lineFeed else { throw .bareCarriageReturn }
            return lineLength == 0 ? .done : .trailer(length: length + 1, lineLength: 0, sawColon: false)
        case .length, .untilClose, .chunkData, .done:
            return self
        }
    }
}
