import Broadcasting
import EventStreams
import HTTPMessages

/// What a connection holds while requests are read and answered, and only then.
final class Exchange {
    /// The request that is being read.
    enum Request {
        /// None: a head is awaited.
        case none
        /// The body is collected, to be published.
        case publish(PublishRequest, body: [UInt8])
        /// The body is published as it comes.
        case stream(PublishStream)
        /// The body, if any, is thrown away; then this is answered.
        case other(Route)
    }

    /// What a request waits for.
    enum Hold {
        /// The archive has not got what was asked for yet.
        case archive
        /// Fan-out is too far behind in these.
        case fanOut([Backlog])
    }

    var parser: RequestParser
    var request = Request.none
    var keepsAlive = true
    /// Whether the answer goes without its body.
    var isHead = false
    /// Answers not yet taken by the kernel.
    var output: [UInt8] = []
    var outputStart = 0
    /// The last answer has been given; when it is out the connection ends.
    var isFinal = false
    /// Why answers, and what the client sent after, wait; nil while nothing does.
    var hold: Hold?
    /// What was read and must wait, because answers do.
    var input: [UInt8] = []
    /// The parser has more to say, about that input or, when there is none, about what it has taken already.
    var isCutShort = false
    /// The client has finished sending.
    var sawEnd = false

    init(limits: MessageLimits) {
        parser = RequestParser(limits: limits, isEndless: PublishRequest.isStreamed)
    }

    /// Whether answers wait.
    var isHeld: Bool { hold != nil }

    /// The body that is being published as it comes.
    var stream: PublishStream? {
        if case .stream(let stream) = request { stream } else { nil }
    }

    var hasOutput: Bool { outputStart < output.count }

    /// Whether answers have piled up so far that no further request is looked at.
    var isClogged: Bool { output.count - outputStart > Self.outputLimit }

    /// Nothing is in progress: a connection that waits for its next request needs no exchange.
    var isIdle: Bool {
        if case .none = request {
            parser.isUntouched && !hasOutput && !isHeld && !isFinal && !isCutShort && !sawEnd
        } else {
            false
        }
    }

    /// So many unread answers stop further reading: a publisher that pipelines without reading is slowed down by TCP.
    static let outputLimit = 64 * 1024
}
