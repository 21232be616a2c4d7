/// One event as a publisher gives it. It cannot be built wrong: each part has a type that refuses what would break
/// the stream, so the encoder never has to strip or escape.
public struct Event: Sendable, Hashable {
    /// The position a client names when it comes back (`id:`); nil lets the log give one.
    public var id: EventID?
    /// The type that `addEventListener` listens for (`event:`); nil is an unnamed event, `message` in a browser.
    public var name: EventName?
    /// The reconnection time that the client shall use from now on (`retry:`).
    public var retry: Retry?
    /// What the listener gets. Nil sends no `data` line, and a browser then fires nothing (WHATWG HTML 9.2.6); empty
    /// data is something else: it fires with an empty string.
    public var data: EventData?
    /// What it is about; nil is about the channel as a whole.
    public var key: EventKey?

    /// An event of parts that have been validated.
    public init(
        id: EventID? = nil, name: EventName? = nil, retry: Retry? = nil, data: EventData?, key: EventKey? = nil
    ) {
        self.id = id
        self.name = name
        self.retry = retry
        self.data = data
        self.key = key
    }
}

/// Why something cannot be part of an event. Nothing is ever stripped to make it fit: stripping made ids collide and
/// let fields be injected in other servers (CVE-2026-33128, CVE-2026-44217).
public enum InvalidEvent: Error, Sendable, Hashable, CustomStringConvertible {
    /// The part that is refused, by the name of its field.
    public enum Part: String, Sendable {
        case id, event, data, retry, key
    }

    /// A CR or LF, which would end the field's line.
    case lineBreak(Part)
    /// U+0000: a client ignores an id that has one (WHATWG HTML 9.2.6), and engines differ about names.
    case nul(Part)
    /// Bytes that are not UTF-8, the only encoding of an event stream (WHATWG HTML 9.2.5).
    case notUTF8(Part)
    /// More bytes than the part may have.
    case tooLong(Part, limit: Int)
    /// A retry that is not made of ASCII digits only.
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
