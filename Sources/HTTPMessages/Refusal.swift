/// Why a message is not accepted. After a refusal the connection cannot be understood any more and must be closed:
/// where one message ends and the next begins is exactly what can no longer be trusted.
public enum Refusal: Error, Sendable, Hashable, CaseIterable {
    case bareCarriageReturn, bareLineFeed, nul
    case badRequestLine, badMethod, badTarget, badVersion, unsupportedVersion, http2Preface, badStatusLine
    case targetTooLong, headTooLarge, tooManyFields
    case obsoleteFolding, spaceBeforeColon, badFieldName, badFieldValue
    case missingHost, repeatedHost, badHost
    case badContentLength, repeatedContentLength, lengthAndTransferEncoding
    case transferEncodingInHTTP10, badTransferEncoding, unsupportedTransferEncoding
    case badChunkSize, chunkExtensionTooLong, badChunkEnd, badTrailer, trailerTooLarge
    case bodyTooLarge, unsupportedExpectation

    /// The status to answer with.
    public var status: Int {
        switch self {
        case .targetTooLong: 414
        case .headTooLarge, .tooManyFields, .trailerTooLarge: 431
        case .bodyTooLarge: 413
        case .unsupportedExpectation: 417
        case .unsupportedTransferEncoding: 501
        case .unsupportedVersion, .http2Preface: 505
        default: 400
        }
    }

    /// The clause of the standard that the message breaks, or that allows the limit.
    public var clause: String {
        switch self {
        case .bareCarriageReturn, .bareLineFeed: "RFC 9112 section 2.2"
        case .nul, .badFieldValue: "RFC 9110 section 5.5"
        case .badRequestLine: "RFC 9112 section 3"
        case .badMethod: "RFC 9112 section 3.1"
        case .badTarget: "RFC 9112 section 3.2"
        case .badVersion: "RFC 9112 section 2.3"
        case .unsupportedVersion: "RFC 9110 section 15.6.6"
        case .http2Preface: "RFC 9113 section 3.4"
        case .badStatusLine: "RFC 9112 section 4"
        case .targetTooLong: "RFC 9110 section 15.5.15"
        case .headTooLarge, .tooManyFields, .trailerTooLarge: "RFC 6585 section 5"
        case .obsoleteFolding: "RFC 9112 section 5.2"
        case .spaceBeforeColon, .badFieldName: "RFC 9112 section 5.1"
        case .missingHost, .repeatedHost, .badHost: "RFC 9112 section 3.2"
        case .badContentLength, .repeatedContentLength: "RFC 9112 section 6.3"
        case .lengthAndTransferEncoding, .transferEncodingInHTTP10, .badTransferEncoding,
            .unsupportedTransferEncoding:
            "RFC 9112 section 6.1"
        case .badChunkSize, .badChunkEnd: "RFC 9112 section 7.1"
        case .chunkExtensionTooLong: "RFC 9112 section 7.1.1"
        case .badTrailer: "RFC 9112 section 7.1.2"
        case .bodyTooLarge: "RFC 9110 section 15.5.14"
        case .unsupportedExpectation: "RFC 9110 section 10.1.1"
        }
    }
}

extension Refusal: CustomStringConvertible {
    /// A sentence for whoever wrote the client, with the clause.
    public var description: String { "\(sentence) (\(clause))" }

    private var sentence: String {
        switch self {
        case .bareCarriageReturn: "A carriage return stands without a line feed."
        case .bareLineFeed: "A line feed stands without a carriage return."
        case .nul: "The head contains a NUL byte."
        case .badRequestLine: "The request line is not: method, space, target, space, version."
        case .badMethod: "The method is not a token."
        case .badTarget: "The request target is neither a path nor an http URL."
        case .badVersion: "The version is not written HTTP/digit.digit."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .http2Preface: "HTTP/2 is not spoken here; put a proxy in front that speaks it."
        case .badStatusLine: "The status line is not: version, space, three digits."
        case .targetTooLong: "The request target is longer than the limit."
        case .headTooLarge: "The head is larger than the limit."
        case .tooManyFields: "The head has more fields than the limit."
        case .obsoleteFolding: "A field continues on the next line (obs-fold)."
        case .spaceBeforeColon: "White space stands between a field name and its colon."
        case .badFieldName: "A field name is not a token."
        case .badFieldValue: "A field value contains a control character."
        case .missingHost: "An HTTP/1.1 request needs a Host field."
        case .repeatedHost: "There is more than one Host field."
        case .badHost: "The Host field is not a host with an optional port."
        case .badContentLength: "Content-Length is not a whole number."
        case .repeatedContentLength: "There is more than one Content-Length."
        case .lengthAndTransferEncoding: "Transfer-Encoding and Content-Length stand together."
        case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding."
        case .badTransferEncoding: "The last transfer coding is not chunked, or chunked stands more than once."
        case .unsupportedTransferEncoding: "The only transfer coding understood here is chunked."
        case .badChunkSize: "A chunk size is not a hexadecimal number below 2^63."
        case .chunkExtensionTooLong: "The extensions of a chunk are longer than the limit."
        case .badChunkEnd: "The data of a chunk is not followed by CRLF."
        case .badTrailer: "The trailer section is malformed."
        case .trailerTooLarge: "The trailer section is larger than the limit."
        case .bodyTooLarge: "The body is larger than the limit."
        case .unsupportedExpectation: "The only expectation understood here is 100-continue."
        }
    }
}
