import Broadcasting
import Bytes
import Envelopes
import EventStreams
import HTTPMessages

/// A refusal as a problem document (RFC 9457): one or two sentences that name the mistake.
struct Problem: Error, Sendable, Hashable {
    let status: Int
    var detail: String
    /// The methods that would work, for 405.
    var allow: String?
    /// Seconds to wait, for 503.
    var retryAfter: Int?
    /// The value of `WWW-Authenticate`, for 401 and 403.
    var challenge: String?
    /// Further members of the document, as JSON without braces.
    var members: [UInt8]?

    init(_ status: Int, _ detail: String, allow: String? = nil, retryAfter: Int? = nil) {
        self.status = status
        self.detail = detail
        self.allow = allow
        self.retryAfter = retryAfter
    }

    init(_ refusal: Refusal) {
        self.init(refusal.status, refusal.description)
    }

    init(_ invalid: InvalidEvent) {
        self.init(400, invalid.description)
    }

    init(_ invalid: ChannelName.Invalid) {
        self.init(400, invalid.description)
    }

    init(_ invalid: ChannelPattern.Invalid) {
        self.init(400, invalid.description)
    }

    /// - Parameter part: the part of the body that the place counts, such as "Line".
    init(_ misplaced: Envelope.Misplaced, of part: String) {
        var status = 400
        if case .notGranted = misplaced.reason { status = 403 }
        self.init(status, "\(part) \(misplaced.place): \(misplaced.reason)")
    }

    init(_ refusal: PublishRefusal) {
        switch refusal {
        case .tooManyChannels(let limit): self = .tooManyChannels(limit)
        case .keyInUse: self.init(409, "A publish with this Idempotency-Key is in progress.")
        case .keyReused: self.init(422, "This Idempotency-Key was used for something else.")
        case .notStored(let reason):
            self.init(503, "The event cannot be stored: \(reason). It was not published.", retryAfter: 1)
        case .tooLarge(let bytes, let limit):
            self.init(
                413,
                "The events take \(bytes) bytes as a stream carries them, and the shared log takes \(limit) at once.")
        case .uncertain(let reason):
            self.init(
                503,
                "The shared log does not answer: \(reason). The event may still be published: with an Idempotency-Key you can "
                    + "repeat it safely.", retryAfter: 1)
        }
    }

    static func tooManyChannels(_ limit: Int) -> Problem {
        Problem(503, "There are \(limit) channels, which is the limit (limits.channels).", retryAfter: 10)
    }

    static func tooManyPatterns(_ limit: Int) -> Problem {
        Problem(503, "There are \(limit) patterns, which is the limit (limits.patterns).", retryAfter: 10)
    }

    static func tooManySubscribers(_ limit: Int) -> Problem {
        Problem(
            429, "A channel has \(limit) subscribers, which is the limit (limits.subscribers-per-channel).",
            retryAfter: 10)
    }

    static func tooManySubscribers(of key: SubscriberCounts.Key) -> Problem {
        switch key {
        case .name:
            Problem(
                429, "The caller has as many subscribers as it may have (limits.subscribers-per-token).", retryAfter: 10
            )
        case .address:
            Problem(
                429, "Your address has as many subscribers as it may have (limits.subscribers-per-address).",
                retryAfter: 10)
        }
    }

    static let notFound = Problem(404, "There is nothing here. Events are at /events/{channel}.")

    static let noSuchChannel = Problem(404, "There is no such channel.")

    static func methodNotAllowed(_ method: String, allow: String) -> Problem {
        Problem(405, "The method \(method.prefix(32)) is not allowed here; allowed: \(allow).", allow: allow)
    }

    var answer: Answer {
        var body: [UInt8] = []
        body.append(#"{"type":"about:blank","title":"#)
        JSONText.append(quoted: ResponseWriter.reason(status), to: &body)
        body.append(#","status":"#)
        body.append(decimal: status)
        body.append(#","detail":"#)
        JSONText.append(quoted: detail, to: &body)
        if let members {
            body.append(",")
            body += members
        }
        body.append("}\n")
        var answer = Answer(status: status, type: "application/problem+json", body: body)
        if let allow { answer.fields.append(("Allow", allow)) }
        if let challenge { answer.fields.append(("WWW-Authenticate", challenge)) }
        if let retryAfter { answer.fields.append(("Retry-After", "\(retryAfter)")) }
        return answer
    }
}
