public import Broadcasting
public import EventStreams

/// Why something is not an event as JSON.
public enum InvalidEnvelope: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is not JSON (RFC 8259): what is wrong at which byte, the first being 1.
    case notJSON(String, at: Int)
    /// It is JSON, and something else than an object.
    case notAnObject
    /// A member that is not understood, or stands twice, or is of the wrong kind.
    case unknownMember(String)
    case repeatedMember(String)
    case wrongKind(String, expected: String)
    /// There is no `data`.
    case noData
    /// Where it goes is not said, or is said here and by the address.
    case noChannel
    case channelTwice
    /// More channels than one event may go to.
    case tooManyChannels(limit: Int)
    /// More events than one request may hold.
    case tooManyEvents(limit: Int)
    case noEvents
    case channel(ChannelName.Invalid)
    case reservedChannel
    case event(InvalidEvent)
    /// The line is longer than one event may be.
    case tooLong(limit: Int)

    /// A sentence for the publisher.
    public var description: String {
        switch self {
        case .notJSON(let what, let byte): "This is not JSON: \(what) at byte \(byte)."
        case .notAnObject: "An event is an object, such as {\"channel\":\"news\",\"data\":\"hello\"}."
        case .unknownMember(let name):
            "\"\(name)\" is not understood; channel, channels, event, id, retry, key and data are."
        case .repeatedMember(let name): "\"\(name)\" stands there twice."
        case .wrongKind(let name, let expected): "\"\(name)\" must be \(expected)."
        case .noData: "\"data\" is missing."
        case .noChannel: "\"channel\" or \"channels\" is missing, and the address names none."
        case .channelTwice: "The channel is named twice: name it in the address, or in \"channel\" or \"channels\"."
        case .tooManyChannels(let limit): "More than \(limit) channels are named, which is the limit."
        case .tooManyEvents(let limit):
            "There are more than \(limit) events; send more of them as application/x-ndjson."
        case .noEvents: "There is no event in the array."
        case .channel(let invalid): invalid.description
        case .reservedChannel: "Channels whose name starts with $ are the daemon's own."
        case .event(let invalid): invalid.description
        case .tooLong(let limit): "The event is longer than \(limit) bytes."
        }
    }
}
