/// Why the parser refuses a message. Close the connection after a refusal: nothing in it tells reliably where the next
/// message begins.
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

    /// The HTTP status to answer with, 400 to 505.
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

    /// The clause of the standard that the message violates, or that permits the limit.
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
