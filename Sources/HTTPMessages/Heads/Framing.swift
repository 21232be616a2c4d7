import Bytes

/// How a message marks the end of its body (RFC 9112 section 6.3).
public enum Framing: Sendable, Hashable {
    /// There is no body.
    case none
    /// A body of this many bytes.
    case length(Int)
    /// Chunks, each with its size.
    case chunked
    /// The body lasts until the connection closes; responses only.
    case untilClose

    /// Reads Content-Length and Transfer-Encoding, and refuses combinations that another server could read differently.
    ///
    /// - Returns: nil when the message has neither field.
    init?(_ fields: FieldSection, isHTTP10: Bool) throws(Refusal) {
        let lengths = fields.count(of: "content-length")
        if fields.first("transfer-encoding") != nil {
            // A proxy that believes one field and a server that believes the other see different messages: request
            // smuggling. So refuse both together.
            guard lengths == 0 else { throw .lengthAndTransferEncoding }
            guard !isHTTP10 else { throw .transferEncodingInHTTP10 }
            let names = fields.list("transfer-encoding")
            let chunked = names.count { $0.equalsIgnoringCase("chunked") }
            guard names.last?.equalsIgnoringCase("chunked") == true, chunked == 1 else { throw .badTransferEncoding }
            guard names.count == 1 else { throw .unsupportedTransferEncoding }
            self = .chunked
            return
        }
        guard let text = fields.first("content-length") else { return nil }
        // The standard lets a server accept equal ones; no honest client sends them.
        guard lengths == 1 else { throw .repeatedContentLength }
        guard !text.isEmpty else { throw .badContentLength }
        for digit in text where !digit.isDigit { throw .badContentLength }
        var length = 0
        for digit in text {
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            guard !overflow, tens <= Int.max - 9 else { throw .bodyTooLarge }
            length = tens + Int(digit - 0x30)
        }
        self = .length(length)
    }
}
