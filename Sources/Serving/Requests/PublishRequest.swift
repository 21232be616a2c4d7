import Broadcasting
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

    let form: Form
    /// The channels that the URL names.
    let channels: [ChannelName]
    let idempotencyKey: IdempotencyKey?

    init(form: Form, channels: [ChannelName], idempotencyKey: IdempotencyKey?) {
        self.form = form
        self.channels = channels
        self.idempotencyKey = idempotencyKey
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
                return try Envelope.all(body, Envelope.Rules(channels: channels, names: names))
            } catch {
                throw Problem(400, "Event \(error.place): \(error.reason)")
            }
        case .lines, .eventStream: preconditionFailure("the body of a stream is never complete")
        }
    }

    /// The key, with a fingerprint of the events; nil without a key.
    func idempotency(_ publications: [Publication]) -> Idempotency? {
        guard let idempotencyKey else { return nil }
        var hash = StableHash()
        for publication in publications {
            for channel in publication.channels { hash.add(channel.description) }
            hash.add(publication.event.key?.description ?? "")
            unsafe hash.add(EventEncoder.encode(publication.event).span.bytes)
        }
        return Idempotency(key: idempotencyKey, fingerprint: hash.value)
    }
}
