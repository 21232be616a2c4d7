extension Refusal: CustomStringConvertible {
    /// A sentence for the author of the client, with the clause.
    public var description: String { "\(sentence) (\(clause))" }

    private var sentence: String {
        switch self {
        case .bareCarriageReturn: "A carriage return has no line feed after it."
        case .bareLineFeed: "A line feed has no carriage return before it."
        case .nul: "The head contains a NUL byte."
        case .badRequestLine: "The request line is not: method, space, target, space, version."
        case .badMethod: "The method is not a token."
        case .badTarget: "The request target is neither a path nor an http URL."
        case .badVersion: "The version is not written HTTP/digit.digit."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are supported."
        case .http2Preface: "HTTP/2 is not supported; put a proxy that supports it in front of the server."
        case .badStatusLine: "The status line is not: version, space, three digits."
        case .targetTooLong: "The request target is longer than the limit."
        case .headTooLarge: "The head is larger than the limit."
        case .tooManyFields: "The head has more fields than the limit."
        case .obsoleteFolding: "A field continues on the next line (obs-fold)."
        case .spaceBeforeColon: "There is white space between a field name and its colon."
        case .badFieldName: "A field name is not a token."
        case .badFieldValue: "A field value contains a control character."
        case .missingHost: "An HTTP/1.1 request needs a Host field."
        case .repeatedHost: "There is more than one Host field."
        case .badHost: "The Host field is not a host with an optional port."
        case .badContentLength: "Content-Length is not a whole number."
        case .repeatedContentLength: "There is more than one Content-Length."
        case .lengthAndTransferEncoding: "The message has both Transfer-Encoding and Content-Length."
        case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding."
        case .badTransferEncoding: "The last transfer coding is not chunked, or chunked is repeated."
        case .unsupportedTransferEncoding: "The only supported transfer coding is chunked."
        case .badChunkSize: "A chunk size is not a hexadecimal number below 2^63."
        case .chunkExtensionTooLong: "The extensions of a chunk are longer than the limit."
        case .badChunkEnd: "There is no CRLF after the data of a chunk."
        case .badTrailer: "The trailer section is malformed."
        case .trailerTooLarge: "The trailer section is larger than the limit."
        case .bodyTooLarge: "The body is larger than the limit."
        case .unsupportedExpectation: "The only supported expectation is 100-continue."
        }
    }
}
