import Bytes

/// How a response without a known length marks the end of its body (RFC 9112 section 6.3).
public enum StreamFraming: UInt8, Sendable, Hashable {
    /// In chunks, for HTTP/1.1. A client then gets each piece at once, and can tell a complete stream from a broken
    /// one.
    case chunked
    /// The body lasts until the connection closes, for HTTP/1.0.
    case untilClose

    /// The framing for a client of a version.
    public init(_ version: RequestHead.Version) {
        self = version == .http10 ? .untilClose : .chunked
    }

    /// Frames a piece of the body.
    public func frame(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .untilClose: bytes
        // A chunk without bytes would end the body.
        case .chunked where bytes.isEmpty: []
        case .chunked: Self.chunkHeader(bytes.count) + bytes + Self.chunkTrailer
        }
    }

    /// The bytes after the last piece of the body.
    public var end: [UInt8] {
        switch self {
        case .untilClose: []
        case .chunked: Self.lastChunk
        }
    }

    private static let lastChunk: [UInt8] = Array("0\r\n\r\n".utf8)

    /// The line before the bytes of a chunk (RFC 9112 section 7.1).
    private static func chunkHeader(_ count: Int) -> [UInt8] {
        var header: [UInt8] = []
        header.append(hexadecimal: count)
        return header + chunkTrailer
    }

    private static let chunkTrailer: [UInt8] = [Ascii.carriageReturn, Ascii.lineFeed]

    /// How many bytes follow those of a chunk: CRLF.
    public static var chunkTrailerCount: Int { 2 }
}
