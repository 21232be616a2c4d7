/// Collects the bytes of a head and finds its lines. It works byte by byte, so the outcome does not depend on how the
/// network split the bytes into packets.
struct HeadScanner: Sendable {
    /// The bytes so far, each line with its CRLF.
    private(set) var bytes: [UInt8] = []
    /// The range of each complete line in ``bytes``, without its CRLF.
    private(set) var lines: [Range<Int>] = []

    private var skipped = 0
    private var lineStart = 0
    private var spaces = 0
    private var targetLength = 0

    /// The most bytes of a method or version; the longest registered method has 17 characters.
    private static let longestToken = 32

    /// Whether the client has sent only blank lines so far.
    var isEmpty: Bool { bytes.isEmpty }

    /// Whether the client has sent nothing so far.
    var isUntouched: Bool { bytes.isEmpty && skipped == 0 }

    /// Consumes bytes from `offset` on, up to and including the blank line that ends the head.
    ///
    /// - Returns: whether the head is complete.
    mutating func scan(
        _ input: Span<UInt8>, _ offset: inout Int, _ limits: MessageLimits
    ) throws(Refusal) -> Bool {
        while offset < input.count {
            let byte = input[offset]
            offset += 1
            if try take(byte, limits) { return true }
        }
        return false
    }

    private mutating func take(_ byte: UInt8, _ limits: MessageLimits) throws(Refusal) -> Bool {
        if byte == 0 { throw .nul }
        guard skipped + bytes.count < limits.head else { throw .headTooLarge }
        let afterCarriageReturn = bytes.last == Ascii.carriageReturn
        if afterCarriageReturn != (byte == Ascii.lineFeed) {
            throw afterCarriageReturn ? .bareCarriageReturn : .bareLineFeed
        }
        bytes.append(byte)
        guard byte == Ascii.lineFeed else {
            if lines.isEmpty, byte != Ascii.carriageReturn { try takeStartLine(byte, limits) }
            return false
        }
        return try endLine(limits)
    }

    private mutating func takeStartLine(_ byte: UInt8, _ limits: MessageLimits) throws(Refusal) {
        if byte == Ascii.space {
            spaces += 1
        } else if spaces == 1 {
            targetLength += 1
            guard targetLength <= limits.target else { throw .targetTooLong }
        } else if spaces == 0, bytes.count > Self.longestToken {
            throw .badRequestLine
        }
    }

    private mutating func endLine(_ limits: MessageLimits) throws(Refusal) -> Bool {
        let line = lineStart..<(bytes.count - 2)
        if line.isEmpty {
            if !lines.isEmpty { return true }
            // RFC 9112 section 2.2: a server should ignore blank lines before a request line. They count towards the
            // limit, or a client could send them for ever.
            skipped += bytes.count
            bytes.removeAll(keepingCapacity: true)
            return false
        }
        lines.append(line)
        guard lines.count - 1 <= limits.fields else { throw .tooManyFields }
        lineStart = bytes.count
        return false
    }
}
