import Broadcasting
import EventStreams

/// What a request asks for, validated in full.
enum Route: Sendable {
    /// An event stream.
    case subscribe(SubscriptionRequest)
    /// The head that a subscription would get, and no subscription (HEAD).
    case describeStream
    case publish(PublishRequest)
    case listChannels(after: String?, count: Int)
    case showChannel(ChannelName)
    case endChannel(ChannelName)
    case health
    case page(Page)
    /// The methods of a resource (OPTIONS).
    case methods(String)
    case problem(Problem)
}

/// An event to be published, but for its data, which is the body.
struct PublishRequest: Sendable {
    let channels: [ChannelName]
    let id: EventID?
    let name: EventName?
    let retry: Retry?
    let key: EventKey?

    /// The event with its data.
    func event(body: [UInt8]) throws(InvalidEvent) -> Event {
        Event(id: id, name: name, retry: retry, data: try EventData(utf8: body), key: key)
    }
}
