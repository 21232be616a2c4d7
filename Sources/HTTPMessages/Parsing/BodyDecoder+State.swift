extension BodyDecoder {
    /// The part of the message that the decoder expects next.
    enum State: Sendable {
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
}

extension BodyDecoder.State {
    /// The state after one byte of chunk framing (RFC 9112 section 7.1).
    func after(_ byte: UInt8) throws(Refusal) -> Self {
        switch self {
        case .chunkSize(let value, let digits):
            if let digit = byte.hexadecimalValue {
                // Sixteen digits are enough for every number below 2^63. Without this limit a client could send leading
                // zeros for ever.
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
            // The decoder drops trailer fields, as RFC 9110 section 6.5.1 allows, but they must be well-formed.
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
