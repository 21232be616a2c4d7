/// Collects the bytes of a head and finds its lines. The outcome does not depend on how the network split the bytes into
/// packets.
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
    /// Most heads have fewer bytes, and fewer lines, than this.
    private static let usual = (bytes: 512, lines: 16)

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
        if bytes.isEmpty {
            bytes.reserveCapacity(min(Self.usual.bytes, limits.head))
            lines.reserveCapacity(Self.usual.lines)
        }
        while offset < input.count {
            let start = offset
            while offset < input.count, Self.isOrdinary(input[offset]) { offset += 1 }
            if offset > start { try take(run: input.extracting(start..<offset), limits) }
            guard offset < input.count else { return false }
            let byte = input[offset]
            offset += 1
            if try take(control: byte, limits) { return true }
        }
        return false
    }

    private static func isOrdinary(_ byte: UInt8) -> Bool {
        byte != 0 && byte != Ascii.carriageReturn && byte != Ascii.lineFeed
    }

    /// Bytes up to the next NUL, CR or LF.
    private mutating func take(run: Span<UInt8>, _ limits: MessageLimits) throws(Refusal) {
        let room = limits.head - skipped - bytes.count
        guard room > 0 else { throw .headTooLarge }
        if bytes.last == Ascii.carriageReturn { throw .bareCarriageReturn }
        let fitting = run.extracting(0..<min(room, run.count))
        if lines.isEmpty { try takeStartLine(fitting, limits) }
        unsafe fitting.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        guard fitting.count == run.count else { throw .headTooLarge }
    }

    private mutating func take(control byte: UInt8, _ limits: MessageLimits) throws(Refusal) -> Bool {
        if byte == 0 { throw .nul }
        guard skipped + bytes.count < limits.head else { throw .headTooLarge }
        let afterCarriageReturn = bytes.last == Ascii.carriageReturn
        if afterCarriageReturn != (byte == Ascii.lineFeed) {
            throw afterCarriageReturn ? .bareCarriageReturn : .bareLineFeed
        }
        bytes.append(byte)
        return byte == Ascii.lineFeed ? try endLine(limits) : false
    }

    private mutating func takeStartLine(_ run: Span<UInt8>, _ limits: MessageLimits) throws(Refusal) {
        for index in run.indices {
            if run[index] == Ascii.space {
                spaces += 1
            } else if spaces == 1 {
                targetLength += 1
                guard targetLength <= limits.target else { throw .targetTooLong }
            } else if spaces == 0, bytes.count + index >= Self.longestToken {
                throw .badRequestLine
            }
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
