import Broadcasting
import Envelopes
import EventStreams
import HTTPMessages

/// What a publish is to become, but for its body.
struct PublishRequest: Sendable {
    /// How the body says what is published.
    enum Form: Sendable {
        /// It is the data of one event, of which the address says the rest.
        case data(Event)
        /// It is an envelope, or an array of them, as JSON.
        case envelopes
        /// It is an envelope a line, each published as it comes.
        case lines
        /// It is an event stream, each event published as it comes.
        case eventStream
    }

    let form: Form
    /// Those that the address names.
    let channels: [ChannelName]
    let once: IdempotencyKey?

    /// Whether the body is published as it comes.
    var isStreamed: Bool {
        switch form {
        case .lines, .eventStream: true
        case .data, .envelopes: false
        }
    }

    /// Whether the body of a request is published as it comes, and so may be of any length.
    static func isStreamed(_ head: RequestHead) -> Bool {
        head.method == "POST" && [.lines, .eventStream].contains(MediaType(head))
    }

    /// What a whole body is to be published as.
    func publications(_ body: [UInt8], channelLimit: Int) throws(Problem) -> [Publication] {
        switch form {
        case .data(var event):
            do throws(InvalidEvent) { event.data = try EventData(utf8: body) } catch { throw Problem(error) }
            return [Publication(event, to: channels)]
        case .envelopes:
            do throws(Envelope.Misplaced) {
                return try Envelope.all(body, Envelope.Rules(channels: channels, channelLimit: channelLimit))
            } catch {
                throw Problem(400, "Event \(error.place): \(error.reason)")
            }
        case .lines, .eventStream: preconditionFailure("the body of a stream is never whole")
        }
    }

    /// Tells a repeated publish from another one with the same key.
    func idempotency(_ publications: [Publication]) -> Idempotency? {
        guard let once else { return nil }
        var hash = StableHash()
        for publication in publications {
            for channel in publication.channels { hash.add(channel.description) }
            hash.add(publication.event.key?.description ?? "")
            hash.add(EventEncoder.encode(publication.event))
        }
        return Idempotency(key: once, fingerprint: hash.value)
    }
}

/// The media types of bodies that mean something here.
enum MediaType {
    case json, lines, eventStream, other

    init(_ head: RequestHead) {
        guard let field = head.fields.first("content-type") else {
            self = .other
            return
        }
        let type = String(decoding: field.prefix { $0 != 0x3B }, as: UTF8.self).filter { $0 != " " && $0 != "\t" }
        switch type.lowercased() {
        case "application/json": self = .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl": self = .lines
        case "text/event-stream": self = .eventStream
        default: self = .other
        }
    }
}
