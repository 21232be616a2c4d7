import Broadcasting
import Bytes
import EventStreams
import HTTPMessages

/// Reads what a publisher says before the body.
extension Router {
    func publish(_ head: RequestHead, _ path: ArraySlice<UInt8>) throws(Problem) -> PublishRequest {
        try refuseOtherOrigins(head)
        guard head.hasFraming else { throw Problem(411, "A publish needs Content-Length or chunked encoding.") }
        let type = MediaType(head)
        try acceptCoding(head, type)
        let query = try query(head)
        let namesChannels = !path.isEmpty || query.first("channel") != nil
        let isEnveloped = type == .lines || (type == .json && !namesChannels)
        try acceptParameters(query, namesEvent: !isEnveloped && type != .eventStream)
        var channels: [ChannelName] = []
        if namesChannels || !isEnveloped {
            for bytes in try names(head, path, query) { channels.append(try channel(bytes)) }
        }
        guard !channels.contains(where: { $0.isReserved }) else {
            throw Problem(403, "Channels whose name starts with $ are the daemon's own.")
        }
        let form: PublishRequest.Form =
            switch type {
            case .lines: .lines
            case .eventStream: .eventStream
            case .json where isEnveloped: .envelopes
            case .json, .multipart, .other: .data(try event(query))
            }
        return PublishRequest(form: form, channels: channels, idempotencyKey: try idempotencyKey(head, type))
    }

    private func acceptParameters(_ query: Query, namesEvent: Bool) throws(Problem) {
        for parameter in query.parameters {
            let name = parameter.name
            if name.equals("channel") || isToken(name) { continue }
            let isOfEvent = name.equals("event") || name.equals("id") || name.equals("retry") || name.equals("key")
            if namesEvent, isOfEvent { continue }
            let text = String(decoding: name.prefix(64), as: UTF8.self)
            throw Problem(
                400,
                namesEvent
                    ? "Unknown parameter \"\(text)\"; allowed: channel, event, id, retry, key."
                    : "Unknown parameter \"\(text)\": with this Content-Type the body names it; allowed: channel.")
        }
    }

    /// An event without its data.
    func event(_ query: Query) throws(Problem) -> Event {
        if query.parameters.isEmpty { return Event(data: nil) }
        do throws(InvalidEvent) {
            return Event(
                id: try query.first("id").flatMap { bytes throws(InvalidEvent) in try EventID(utf8: bytes) },
                name: try query.first("event").flatMap { bytes throws(InvalidEvent) in try EventName(utf8: bytes) },
                retry: try query.first("retry").map { bytes throws(InvalidEvent) in try Retry(digits: bytes) },
                data: nil,
                key: try query.first("key").flatMap { bytes throws(InvalidEvent) in try EventKey(utf8: bytes) })
        } catch {
            throw Problem(error)
        }
    }

    /// The field, with or without the quotation marks that a structured field has (RFC 8941 section 3.3.3).
    private func idempotencyKey(_ head: RequestHead, _ type: MediaType) throws(Problem) -> IdempotencyKey? {
        guard var value = head.fields.first("idempotency-key") else { return nil }
        guard type != .lines, type != .eventStream else {
            throw Problem(400, "A body that is published as it comes cannot have an Idempotency-Key.")
        }
        guard head.fields.count(of: "idempotency-key") == 1 else {
            throw Problem(400, "There are two Idempotency-Keys.")
        }
        if value.count >= 2, value.first == 0x22, value.last == 0x22 { value = value.dropFirst().dropLast() }
        guard let key = IdempotencyKey(value) else {
            throw Problem(400, "An Idempotency-Key is 1 to 255 visible ASCII characters.")
        }
        return key
    }

    func acceptCoding(_ head: RequestHead, _ type: MediaType) throws(Problem) {
        guard type != .multipart else {
            throw Problem(
                415, "crier publishes the body as it is; it does not support forms with parts (curl -F). Use curl -d.")
        }
        if let coding = head.fields.first("content-encoding"), !coding.equalsIgnoringCase("identity") {
            throw Problem(415, "crier publishes the body as it is; it does not support Content-Encoding.")
        }
        if MediaType.hasForeignCharset(head) {
            throw Problem(415, "The data of an event is UTF-8; the Content-Type says otherwise.")
        }
    }
}
