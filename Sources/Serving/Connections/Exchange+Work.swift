import Access
import Broadcasting
import HTTPMessages

// What an exchange and the loop tell each other.
extension Exchange {
    /// What the exchange waits for: a change that the archive writes, or that the shared log takes.
    enum AwaitedWrite {
        case publish
        /// The position of a subscriber, which this node has not reached.
        case position(SubscriptionRequest, StreamForm, tellsSession: Bool)
        case stream(PublishStream)
        case end(ChannelName)
    }

    /// Work that the loop must do before the exchange continues.
    enum Work {
        case answer(Route)
        case publish(PublishRequest, body: [UInt8])
        /// Publish some events of a body that continues.
        case publishPart(ArraySlice<Publication>, PublishStream)
        /// Find the grant of this token. The exchange waits for it.
        case verify([UInt8])
        /// Find out whether the client may subscribe. The exchange waits for it.
        case ask(SubscriptionQuestion)
        /// crier does not serve the connection: open a stream only to make its client reconnect much later.
        case turnAway(StreamFraming)
    }

    /// How the loop treats the requests of a connection.
    struct Rules {
        let router: Router
        /// Decides what a caller may do; nil when nobody needs a credential.
        let access: AccessCheck?
        /// Finds the client; nil when no limit asks for it.
        let address: ClientAddress?
        /// How fast a caller may publish; nil without a limit.
        let publishRate: PublishRate?
        let admission: Admission
        let isDraining: Bool
        /// The most bytes of an event in a body that crier publishes as it arrives.
        let bodyLimit: Int
        /// ``Hub/publishLimit``.
        let publishLimit: Int
        /// The most bytes of all bodies; see ``BodyMemory``.
        let bodiesLimit: Int
    }

    /// The period in which the client has to make progress.
    enum Timeout {
        case head, body, idle
    }

    /// Whether an answer waits for the grant of a token, for the archive or for fan-out.
    var isWaiting: Bool {
        switch state {
        case .awaitingGrant, .awaitingArchive, .awaitingAnswer, .awaitingFanOut: true
        case .head, .collecting, .streaming, .discarding, .finished: false
        }
    }

    /// The body that crier publishes as it arrives, while the exchange may read it.
    var stream: PublishStream? {
        switch state {
        case .streaming(let stream), .awaitingArchive(.stream(let stream)): stream
        case .head, .awaitingGrant, .collecting, .discarding, .awaitingArchive, .awaitingAnswer, .awaitingFanOut,
            .finished:
            nil
        }
    }

    /// Whether the exchange reads the next events while the archive writes those before.
    var readsAhead: Bool {
        if case .awaitingArchive(.stream(let stream)) = state { stream.takesMore } else { false }
    }

    /// Whether somebody else decides what the caller may do.
    var isAwaitingDecision: Bool {
        if case .awaitingGrant(_, _, isAsked: true) = state { true } else { false }
    }

    var isFinished: Bool {
        if case .finished = state { true } else { false }
    }

    /// Whether crier is collecting a body, to publish it as one event or one array.
    var isCollecting: Bool {
        if case .collecting = state { true } else { false }
    }

    /// Whether crier is publishing a body as it arrives.
    var isStreaming: Bool {
        if case .streaming = state { true } else { false }
    }

    /// Whether events of a body that crier publishes as it arrives wait to be published.
    var hasUnpublishedEvents: Bool {
        if case .streaming(let stream) = state { !stream.isIdle } else { false }
    }

    /// Whether crier publishes a body as it arrives, and waits for the rest of an event.
    var isWithinEvent: Bool {
        if case .streaming(let stream) = state { stream.isIdle && stream.unfinished > 0 } else { false }
    }
}
