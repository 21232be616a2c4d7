import Broadcasting
import Metrics

/// A validated request.
enum Route: Sendable {
    /// An event stream of this form.
    ///
    /// - tellsSession: whether the client learns its session.
    case subscribe(SubscriptionRequest, StreamForm, tellsSession: Bool)
    /// The head of an event stream, without a subscription (HEAD).
    case describeStream(SubscriptionRequest, StreamForm)
    case publish(PublishRequest)
    case listChannels(after: String?, count: Int)
    case showChannel(ChannelName)
    case endChannel(ChannelName)
    case health
    case metrics(Exposition.Format)
    indirect case listSessions(SessionFilter, from: SessionPlace, of: NodeQuestion?)
    /// Who subscribes to a channel.
    case showPresence(ChannelName, from: SessionPlace)
    case showSession(SessionID)
    case endSession(SessionID)
    indirect case endSessions(SessionFilter)
    /// Whether events get through.
    case readiness
    /// Everything that there is to know of the daemon.
    case state
    /// The rights of the caller, on a listening socket with these roles.
    case showAccess(Roles)
    /// The settings in force.
    case showConfiguration
    indirect case console(ConsoleFile)
    /// The methods of a resource (OPTIONS).
    case methods(String)
    case problem(Problem)

    /// Whether a caller needs a grant for it.
    var needsGrant: Bool {
        switch self {
        case .health, .readiness, .console, .methods, .problem: false
        default: true
        }
    }

    /// Whether it changes anything.
    var isUnsafe: Bool {
        switch self {
        case .publish, .endChannel, .endSession, .endSessions: true
        default: false
        }
    }
}
