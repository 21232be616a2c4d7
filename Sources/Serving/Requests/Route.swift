import Broadcasting

/// A validated request.
enum Route: Sendable {
    /// An event stream of this form.
    case subscribe(SubscriptionRequest, StreamForm)
    /// The head of an event stream, without a subscription (HEAD).
    case describeStream(StreamForm)
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
