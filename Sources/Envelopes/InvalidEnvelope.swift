public import Broadcasting
public import EventStreams
public import JSON

/// Why JSON is not an event.
public enum InvalidEnvelope: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text is not JSON (RFC 8259).
    case notJSON(InvalidJSON)
    /// The JSON is not an object.
    case notAnObject
    /// A member with an unknown name.
    case unknownMember(String)
    /// A member that occurs twice.
    case repeatedMember(String)
    /// A member whose value has the wrong type.
    case wrongKind(String, expected: String)
    /// `data` is missing.
    case noData
    /// Neither the envelope nor the URL names a channel.
    case noChannel
    /// Two of `channel`, `channels` and the URL name channels.
    case channelTwice
    /// The event names more channels than the limit.
    case tooManyChannels(limit: Int)
    /// The array has more events than the limit.
    case tooManyEvents(limit: Int)
    /// The events of an array name more channels than the limit, each counted once for each event.
    case tooManyChannelsInAll(limit: Int)
    /// The array is empty.
    case noEvents
    /// A channel name is invalid.
    case channel(ChannelName.Invalid)
    /// The channel name starts with `$`.
    case reservedChannel
    /// The publisher may not publish to the channel.
    case notGranted(ChannelName)
    /// A part of the event is invalid.
    case event(InvalidEvent)
    /// The line is longer than the limit of an event.
    case tooLong(limit: Int)

    /// A sentence for the publisher.
    public var description: String {
        switch self {
        case .notJSON(let invalid): "This is not JSON: \(invalid.problem) at byte \(invalid.place)."
        case .notAnObject: "An event is an object, such as {\"channel\":\"news\",\"data\":\"hello\"}."
        case .unknownMember(let name):
            "Unknown member \"\(name)\"; allowed: channel, channels, event, id, retry, key, data."
        case .repeatedMember(let name): "The member \"\(name)\" is repeated."
        case .wrongKind(let name, let expected): "\"\(name)\" must be \(expected)."
        case .noData: "\"data\" is missing."
        case .noChannel: "\"channel\" or \"channels\" is missing, and the URL names no channel."
        case .channelTwice: "The channel is named twice: name it either in the URL or in \"channel\" or \"channels\"."
        case .tooManyChannels(let limit): "The event names more than \(limit) channels, which is the limit."
        case .tooManyEvents(let limit):
            "The array has more than \(limit) events; to send more, use application/x-ndjson."
        case .tooManyChannelsInAll(let limit):
            "The events of the array name more than \(limit) channels in all; to send more, use application/x-ndjson."
        case .noEvents: "There is no event in the array."
        case .channel(let invalid): invalid.description
        case .reservedChannel: "Channels whose name starts with $ are reserved for the daemon."
        case .notGranted(let name): "The grant does not cover publishing to \"\(name)\"."
        case .event(let invalid): invalid.description
        case .tooLong(let limit): "The event is longer than \(limit) bytes."
        }
    }
}
