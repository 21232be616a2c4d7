import HTTPMessages

/// Takes an answer apart, from pieces of any size: the head, and the body without the framing of chunks.
struct StreamDecoder {
    private var parser = ResponseParser()
    private(set) var head: ResponseHead?
    /// Whether the answer said that its body is complete.
    private(set) var isComplete = false

    /// Decodes the next piece.
    ///
    /// - Returns: the bytes of the body in it.
    mutating func feed(_ bytes: some Collection<UInt8>) throws -> [UInt8] {
        let input = Array(bytes)
        var offset = 0
        var body: [UInt8] = []
        while !isComplete {
            switch try parser.next(input.span, &offset) {
            case .needsMore: return body
            case .head(let head): self.head = head
            case .body(let range): body += input[range]
            case .end: isComplete = true
            }
        }
        return body
    }
}
