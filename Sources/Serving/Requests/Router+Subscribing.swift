import Broadcasting
import Bytes
import HTTPMessages

/// Reads what a client asks for when it subscribes.
extension Router {
    func subscription(
        _ head: RequestHead, _ query: Query, _ path: ArraySlice<UInt8>
    ) throws(Problem) -> SubscriptionRequest {
        try acceptEventStream(head)
        try acceptParameters(query)
        var request = SubscriptionRequest(channels: [], lastEventID: lastEventID(head, query))
        for bytes in try names(head, path, query) {
            if bytes.contains(UInt8(ascii: "*")), let text = String(validating: bytes, as: UTF8.self) {
                do throws(ChannelPattern.Invalid) {
                    request.patterns.append(try ChannelPattern(text, segments: nameLimits.segments))
                } catch {
                    throw Problem(error)
                }
            } else {
                request.channels.append(try channel(bytes))
            }
        }
        if !roles.contains(.admin), !isAccessControlled,
            request.channels.contains(where: \.isReserved) || request.patterns.contains(where: \.isReserved)
        {
            throw Problem(403, "Channels whose name starts with $ are for listeners with the role admin.")
        }
        if let replay = query.first("replay") { request.replay = try ReplayQuery.replay(replay) }
        if let since = query.first("since") {
            guard request.replay == nil else { throw Problem(400, "Give ?replay= or ?since=, not both.") }
            request.replay = try ReplayQuery.since(since, now: now, ahead: clockAhead)
        }
        return request
    }

    /// Refuses unknown parameters: a client that writes `?replya=20` would otherwise miss events without a word.
    private func acceptParameters(_ query: Query) throws(Problem) {
        for parameter in query.parameters {
            // Some clients add `_` with a number, so that no cache answers.
            let known: [StaticString] = Self.positions + ["channel", "replay", "since", "envelope", "session", "_"]
            guard !isToken(parameter.name), !known.contains(where: { parameter.name.equals($0) }) else { continue }
            let name = String(decoding: parameter.name.prefix(64), as: UTF8.self)
            throw Problem(
                400, "Unknown parameter \"\(name)\"; allowed: channel, replay, since, envelope, session, lastEventId.")
        }
    }

    /// The names of the parameter for the position, in the spellings of clients that cannot set the field.
    private static var positions: [StaticString] { ["lastEventId", "lastEventID", "last-event-id", "last_event_id"] }

    private func acceptEventStream(_ head: RequestHead) throws(Problem) {
        let ranges = head.fields.list("accept").map { ($0.cut(at: 0x3B)?.before ?? $0).trimmed }
        let isAccepted = ranges.contains { range in
            range.equalsIgnoringCase("text/event-stream") || range.equalsIgnoringCase("text/*") || range.equals("*/*")
        }
        guard ranges.isEmpty || isAccepted else {
            throw Problem(406, "This resource is text/event-stream, which the Accept field does not allow.")
        }
    }

    /// The form in which the client gets events.
    func form(_ head: RequestHead, _ query: Query) throws(Problem) -> StreamForm {
        let value = query.first("envelope")
        guard value.map({ $0.equals("0") || $0.equals("1") }) ?? true else {
            throw Problem(400, "?envelope= is 0 or 1.")
        }
        return StreamForm(StreamFraming(head.version), isEnveloped: value?.equals("1") == true)
    }

    /// Whether the client wants to know its session.
    func tellsSession(_ query: Query) throws(Problem) -> Bool {
        guard let value = query.first("session") else { return false }
        guard value.equals("hello") else {
            throw Problem(400, "?session= is hello; crier chooses the id of a session itself.")
        }
        return true
    }

    /// The position from the field, or else from the query. An empty position counts as none: a browser that has no id
    /// sends no field.
    private func lastEventID(_ head: RequestHead, _ query: Query) -> [UInt8]? {
        let named = head.fields.first("last-event-id") ?? Self.positions.lazy.compactMap(query.first).first
        return named.flatMap { $0.isEmpty ? nil : Array($0) }
    }
}
