import Broadcasting
import Metrics

/// A validated request.
enum Route: Sendable {
    /// An event stream of this form.
    case subscribe(SubscriptionRequest, StreamForm)
    /// The head of an event stream, without a subscription (HEAD).
    case describeStream(SubscriptionRequest, StreamForm)
    case publish(PublishRequest)
    case listChannels(after: String?, count: Int)
    case showChannel(ChannelName)
    case endChannel(ChannelName)
    case health
    case metrics(Exposition.Format)
    /// Whether events get through.
    case readiness
    /// Everything that there is to know of the daemon.
    case state
    case page(Page)
    /// The methods of a resource (OPTIONS).
    case methods(String)
    case problem(Problem)

    /// Whether a caller needs a grant for it.
    var needsGrant: Bool {
        switch self {
        case .subscribe, .describeStream, .publish, .listChannels, .showChannel, .endChannel, .page, .metrics, .state:
            true
        case .health, .readiness, .methods, .problem: false
        }
    }

    /// Whether it changes anything.
    var isUnsafe: Bool {
        switch self {
        case .publish, .endChannel: true
        case .subscribe, .describeStream, .listChannels, .showChannel, .page, .health, .readiness, .state, .metrics,
            .methods,
            .problem:
            false
        }
    }
}
