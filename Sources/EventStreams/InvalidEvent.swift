/// Why bytes cannot be part of an event. crier refuses them and never strips them: in other servers stripping made ids
/// collide and let publishers inject fields (CVE-2026-33128, CVE-2026-44217).
public enum InvalidEvent: Error, Sendable, Hashable, CustomStringConvertible {
    /// The invalid part, by the name of its field.
    public enum Part: String, Sendable {
        case id, event, data, retry, key
    }

    /// A CR or LF, which would end the field's line.
    case lineBreak(Part)
    /// U+0000. A client ignores an id that contains it (WHATWG HTML 9.2.6), and browsers differ about names.
    case nul(Part)
    /// Bytes that are not UTF-8, the only encoding of an event stream (WHATWG HTML 9.2.5).
    case notUTF8(Part)
    /// More bytes than the limit of the part.
    case tooLong(Part, limit: Int)
    /// A retry with a character that is not an ASCII digit.
    case retryNotDigits
    /// A retry over 2^31 − 1 ms.
    case retryTooLarge

    /// A sentence for the publisher.
    public var description: String {
        switch self {
        case .lineBreak(let part): "The \(part.rawValue) contains a line break (CR or LF)."
        case .nul(let part): "The \(part.rawValue) contains a NUL character."
        case .notUTF8(let part): "The \(part.rawValue) is not valid UTF-8."
        case .tooLong(let part, let limit): "The \(part.rawValue) is longer than \(limit) bytes."
        case .retryNotDigits: "The retry is not a whole number of milliseconds, written with the digits 0 to 9 only."
        case .retryTooLarge: "The retry is over 2147483647 milliseconds."
        }
    }
}
