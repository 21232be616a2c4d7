import Broadcasting
import EventStreams
import HTTPMessages

/// Turns a request head into a route. It depends on the head and its own properties only, and changes nothing.
struct Router: Sendable {
    /// The roles of the listening socket.
    let roles: Roles
    /// Channels that one request may name.
    let channelsPerRequest: Int
    /// Milliseconds since 1970, for `?since=`.
    let now: UInt64

    private static let events: [UInt8] = Array("/events".utf8)
    private static let channels: [UInt8] = Array("/channels".utf8)

    func route(_ head: RequestHead) -> Route {
        do throws(Problem) {
            return try resolve(head)
        } catch {
            return .problem(error)
        }
    }

    private func resolve(_ head: RequestHead) throws(Problem) -> Route {
        if head.target.path == [0x2A] { return .methods("GET, HEAD, POST, DELETE, OPTIONS") }
        guard let path = PercentCoding.decode(head.target.path) else {
            throw Problem(400, "The path has a % that is not followed by two hexadecimal digits.")
        }
        if path == Self.events || path.starts(with: Self.events + [0x2F]) {
            return try resolveEvents(head, channel: path.dropFirst(Self.events.count + 1))
        }
        if roles.contains(.admin), path == Self.channels || path.starts(with: Self.channels + [0x2F]) {
            return try resolveChannels(head, channel: path.dropFirst(Self.channels.count + 1))
        }
        if path.elementsEqual("/healthz".utf8) { return try only("GET, HEAD, OPTIONS", head) { .health } }
        if roles.contains(.admin), let page = Page(path: path) {
            return try only("GET, HEAD, OPTIONS", head) { .page(page) }
        }
        throw .notFound
    }

    private func only(_ allow: String, _ head: RequestHead, _ route: () -> Route) throws(Problem) -> Route {
        switch head.method {
        case "GET", "HEAD": route()
        case "OPTIONS": .methods(allow)
        default: throw .methodNotAllowed(head.method, allow: allow)
        }
    }

    // MARK: /events

    private func resolveEvents(_ head: RequestHead, channel: ArraySlice<UInt8>) throws(Problem) -> Route {
        var methods: [String] = []
        if roles.contains(.subscribe) { methods += ["GET", "HEAD"] }
        if roles.contains(.publish) { methods += ["POST"] }
        guard !methods.isEmpty else { throw .notFound }
        let allow = (methods + ["OPTIONS"]).joined(separator: ", ")
        switch head.method {
        case "GET" where roles.contains(.subscribe):
            try acceptEventStream(head)
            let query = try query(head)
            return .subscribe(try subscription(head, query, channel, verb: "GET"), try form(head, query))
        case "HEAD" where roles.contains(.subscribe):
            try acceptEventStream(head)
            let query = try query(head)
            _ = try subscription(head, query, channel, verb: "HEAD")
            return .describeStream(try form(head, query))
        case "POST" where roles.contains(.publish): return .publish(try publish(head, channel))
        case "OPTIONS": return .methods(allow)
        case "GET", "HEAD", "POST": throw .notFound
        default: throw .methodNotAllowed(head.method, allow: allow)
        }
    }

    private func acceptEventStream(_ head: RequestHead) throws(Problem) {
        let ranges = head.fields.list("accept").map { range in
            String(decoding: range.prefix { $0 != 0x3B }, as: UTF8.self).filter { $0 != " " }.lowercased()
        }
        guard ranges.isEmpty || ranges.contains(where: ["text/event-stream", "text/*", "*/*"].contains) else {
            throw Problem(406, "This resource is text/event-stream, which the Accept field does not allow.")
        }
    }

    private func query(_ head: RequestHead) throws(Problem) -> Query {
        guard let query = Query(head.target.query) else {
            throw Problem(400, "The query has a % that is not followed by two hexadecimal digits.")
        }
        return query
    }

    private func subscription(
        _ head: RequestHead, _ query: Query, _ path: ArraySlice<UInt8>, verb: String
    ) throws(Problem) -> SubscriptionRequest {
        var request = SubscriptionRequest(channels: [], lastEventID: lastEventID(head, query))
        for bytes in try names(path, query, verb: verb) {
            if bytes.contains(UInt8(ascii: "*")), let text = String(validating: bytes, as: UTF8.self) {
                do throws(ChannelPattern.Invalid) {
                    request.patterns.append(try ChannelPattern(text))
                } catch {
                    throw Problem(error)
                }
            } else {
                request.channels.append(try channel(bytes))
            }
        }
        if let replay = query.first("replay") { request.replay = try ReplayQuery.replay(replay) }
        if let since = query.first("since") {
            guard request.replay == nil else { throw Problem(400, "Give ?replay= or ?since=, not both.") }
            request.replay = try ReplayQuery.since(since, now: now)
        }
        return request
    }

    /// The form in which the client gets events.
    private func form(_ head: RequestHead, _ query: Query) throws(Problem) -> StreamForm {
        let isEnveloped: Bool
        switch query.first("envelope") {
        case nil, [UInt8(ascii: "0")]: isEnveloped = false
        case [UInt8(ascii: "1")]: isEnveloped = true
        default: throw Problem(400, "?envelope= is 0 or 1.")
        }
        return StreamForm(StreamFraming(head.version), isEnveloped: isEnveloped)
    }

    /// The names of channels, or of patterns, decoded and not validated.
    private func names(_ path: ArraySlice<UInt8>, _ query: Query, verb: String) throws(Problem) -> [[UInt8]] {
        let named = query.values("channel")
        guard path.isEmpty || named.isEmpty else {
            throw Problem(400, "Name the channel in the path or in ?channel=, not in both.")
        }
        let all = path.isEmpty ? named : [Array(path)]
        guard !all.isEmpty else {
            throw Problem(400, "No channel is named: \(verb) /events/{channel}, or /events?channel=a&channel=b.")
        }
        guard all.count <= channelsPerRequest else {
            throw Problem(400, "\(all.count) channels are named; \(channelsPerRequest) is the limit.")
        }
        return all
    }

    private func channel(_ bytes: [UInt8]) throws(Problem) -> ChannelName {
        do throws(ChannelName.Invalid) { return try ChannelName(utf8: bytes) } catch { throw Problem(error) }
    }

    /// The position from the field, or else from the query in the spellings of clients that cannot set the field. An
    /// empty position counts as none: a browser that has no id sends no field.
    private func lastEventID(_ head: RequestHead, _ query: Query) -> [UInt8]? {
        let spellings = ["lastEventId", "lastEventID", "last-event-id", "last_event_id"]
        let named = head.fields.first("last-event-id").map { Array($0) } ?? spellings.lazy.compactMap(query.first).first
        return named?.isEmpty == true ? nil : named
    }

    private func publish(_ head: RequestHead, _ path: ArraySlice<UInt8>) throws(Problem) -> PublishRequest {
        try refuseCrossSite(head)
        guard head.hasFraming else { throw Problem(411, "A publish needs Content-Length or chunked encoding.") }
        try acceptCoding(head)
        let query = try query(head)
        let type = MediaType(head)
        let namesChannels = !path.isEmpty || !query.values("channel").isEmpty
        let isEnveloped = type == .lines || (type == .json && !namesChannels)
        let known = isEnveloped || type == .eventStream ? ["channel"] : ["channel", "event", "id", "retry", "key"]
        if let unknown = query.parameters.first(where: { !known.contains(String(decoding: $0.name, as: UTF8.self)) }) {
            let name = String(decoding: unknown.name.prefix(64), as: UTF8.self)
            throw Problem(
                400,
                known.count == 1
                    ? "Unknown parameter \"\(name)\": with this Content-Type the body names it; allowed: channel."
                    : "Unknown parameter \"\(name)\"; allowed: channel, event, id, retry, key.")
        }
        var channels: [ChannelName] = []
        if namesChannels || !isEnveloped {
            for bytes in try names(path, query, verb: "POST") { channels.append(try channel(bytes)) }
        }
        guard !channels.contains(where: \.isReserved) else {
            throw Problem(403, "Channels whose name starts with $ are the daemon's own.")
        }
        let form: PublishRequest.Form =
            switch type {
            case .lines: .lines
            case .eventStream: .eventStream
            case .json where isEnveloped: .envelopes
            case .json, .other: .data(try event(query))
            }
        return PublishRequest(form: form, channels: channels, idempotencyKey: try idempotencyKey(head, type))
    }

    /// An event without its data.
    private func event(_ query: Query) throws(Problem) -> Event {
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
        guard head.fields.values(of: "idempotency-key").count == 1 else {
            throw Problem(400, "There are two Idempotency-Keys.")
        }
        if value.count >= 2, value.first == 0x22, value.last == 0x22 { value = value.dropFirst().dropLast() }
        guard let key = IdempotencyKey(value) else {
            throw Problem(400, "An Idempotency-Key is 1 to 255 visible ASCII characters.")
        }
        return key
    }

    /// Refuses to publish or delete for a page of another origin. Such a page can make a browser POST text without a
    /// preflight, so otherwise every page could publish through any browser that reaches this socket.
    private func refuseCrossSite(_ head: RequestHead) throws(Problem) {
        var isForeign = head.fields.text("sec-fetch-site") == "cross-site"
        if let origin = head.fields.text("origin"), let host = head.fields.text("host") {
            isForeign =
                isForeign || origin.lowercased().split(separator: "://").last.map(String.init) != host.lowercased()
        }
        guard !isForeign else { throw Problem(403, "A page of another origin may not do this.") }
    }

    private func acceptCoding(_ head: RequestHead) throws(Problem) {
        if let coding = head.fields.text("content-encoding"), coding.lowercased() != "identity" {
            throw Problem(415, "crier publishes the body as it is; it does not support Content-Encoding.")
        }
        let parameters = (head.fields.text("content-type") ?? "").lowercased().split(separator: ";").dropFirst()
            .map { $0.filter { $0 != " " && $0 != "\"" } }
        for parameter in parameters where parameter.hasPrefix("charset=") && parameter != "charset=utf-8" {
            throw Problem(415, "The data of an event is UTF-8; the Content-Type says otherwise.")
        }
    }

    // MARK: /channels

    private func resolveChannels(_ head: RequestHead, channel: ArraySlice<UInt8>) throws(Problem) -> Route {
        guard !channel.isEmpty else {
            let query = try query(head)
            let after = query.first("after").map { String(decoding: $0, as: UTF8.self) }
            return try only("GET, HEAD, OPTIONS", head) { .listChannels(after: after, count: 1000) }
        }
        let name = try self.channel(Array(channel))
        if head.method == "DELETE" {
            try refuseCrossSite(head)
            return .endChannel(name)
        }
        return try only("GET, HEAD, DELETE, OPTIONS", head) { .showChannel(name) }
    }
}
