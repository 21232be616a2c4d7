/// How the end of a body is found (RFC 9112 section 6.3).
public enum Framing: Sendable, Hashable {
    /// There is no body.
    case none
    /// So many bytes.
    case length(Int)
    /// Chunks, each with its size.
    case chunked
    /// All until the connection closes; responses only.
    case untilClose

    /// Reads the two fields that decide, and refuses every pair of them that could be read in two ways.
    ///
    /// - Returns: nil when neither field is there.
    init?(_ fields: FieldSection, isHTTP10: Bool) throws(Refusal) {
        let lengths = fields.values(of: "content-length")
        let codings = fields.values(of: "transfer-encoding")
        if !codings.isEmpty {
            // Whoever takes one of the two for the truth sees another message than whoever takes the other: request
            // smuggling. So neither is believed.
            guard lengths.isEmpty else { throw .lengthAndTransferEncoding }
            guard !isHTTP10 else { throw .transferEncodingInHTTP10 }
            let names = fields.list("transfer-encoding")
            let chunked = names.filter { $0.equalsIgnoringCase("chunked") }.count
            guard names.last?.equalsIgnoringCase("chunked") == true, chunked == 1 else { throw .badTransferEncoding }
            guard names.count == 1 else { throw .unsupportedTransferEncoding }
            self = .chunked
            return
        }
        guard let text = lengths.first else { return nil }
        // Equal ones may be accepted by the standard; no honest client sends them.
        guard lengths.count == 1 else { throw .repeatedContentLength }
        guard !text.isEmpty, text.allSatisfy(\.isDigit) else { throw .badContentLength }
        var length = 0
        for digit in text {
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            guard !overflow, tens <= Int.max - 9 else { throw .bodyTooLarge }
            length = tens + Int(digit - 0x30)
        }
        self = .length(length)
    }
}
