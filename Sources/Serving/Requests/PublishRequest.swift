import Access
import Broadcasting
import Bytes
import Envelopes
import EventStreams
import HTTPMessages

/// A publish without its body. A class, because an exchange hands it from state to state.
final class PublishRequest: Sendable {
    /// The form of the body.
    enum Form: Sendable {
        /// The data of one event. The URL has the other fields of the event.
        case data(Event)
        /// An envelope, or an array of envelopes, as JSON.
        case envelopes
        /// One envelope on each line. crier publishes each as it arrives.
        case lines
        /// An event stream. crier publishes each event as it arrives.
        case eventStream
    }

    /// A session that the events are for, instead of channels.
    struct Target: Sendable {
        let session: SessionID
        /// A comment to send before them.
        let comment: String?
    }

    let form: Form
    /// Nil for a publish.
    let session: Target?
    /// The channels that the URL names.
    let channels: [ChannelName]
    let idempotencyKey: IdempotencyKey?
    /// What the publisher may do; nil when everybody may publish everything.
    let grant: Grant?

    init(
        form: Form, channels: [ChannelName], idempotencyKey: IdempotencyKey?, grant: Grant? = nil,
        session: Target? = nil
    ) {
        self.form = form
        self.session = session
        self.channels = channels
        self.idempotencyKey = idempotencyKey
        self.grant = grant
    }

    /// The request of a publisher with a grant, which covers the channels of the URL.
    func permitted(by grant: Grant) -> PublishRequest {
        PublishRequest(
            form: form, channels: channels, idempotencyKey: idempotencyKey, grant: grant, session: session)
    }

    /// The rules for envelopes in the body.
    func rules(_ names: NameLimits) -> Envelope.Rules {
        guard let grant else { return Envelope.Rules(channels: channels, names: names) }
        return Envelope.Rules(channels: channels, names: names) { grant.mayPublish(to: $0) }
    }

    /// Whether crier publishes the body as it arrives.
    var isStreamed: Bool {
        switch form {
        case .lines, .eventStream: true
        case .data, .envelopes: false
        }
    }

    /// Whether crier publishes the body of a request as it arrives, so that it may have any length.
    static func isStreamed(_ head: RequestHead) -> Bool {
        head.method == "POST" && [.lines, .eventStream].contains(MediaType(head))
    }

    /// The events of a complete body.
    func publications(_ body: [UInt8], _ names: NameLimits) throws(Problem) -> [Publication] {
        switch form {
        case .data(var event):
            do throws(InvalidEvent) { event.data = try EventData(utf8: body) } catch { throw Problem(error) }
            return [Publication(event, to: channels)]
        case .envelopes:
            do throws(Envelope.Misplaced) {
                return try Envelope.all(body, rules(names))
            } catch {
                throw Problem(error, of: "Event")
            }
        case .lines, .eventStream: preconditionFailure("the body of a stream is never complete")
        }
    }

    /// The push for a complete body.
    func sessionPush(_ body: [UInt8], _ target: Target, _ names: NameLimits) throws(Problem) -> SessionPush {
        if case .data(let event) = form, body.isEmpty, event.name == nil, event.id == nil,
            event.retry != nil || target.comment != nil
        {
            return SessionPush([], comment: target.comment, retry: event.retry)
        }
        return SessionPush(try publications(body, names)[...], comment: target.comment)
    }

    /// The key, with a fingerprint of the events; nil without a key.
    func idempotency(_ publications: [Publication]) -> Idempotency? {
        guard var idempotencyKey else { return nil }
        // Otherwise a publisher could use up the keys of another one.
        if let name = grant?.name, !name.isEmpty { idempotencyKey = IdempotencyKey(idempotencyKey, of: name) }
        var hash = StableHash()
        for publication in publications {
            for channel in publication.channels { hash.add(channel.description) }
            hash.add(publication.event.key?.description ?? "")
            unsafe hash.add(EventEncoder.encode(publication.event).span.bytes)
        }
        return Idempotency(key: idempotencyKey, fingerprint: hash.value)
    }
}
