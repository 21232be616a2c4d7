import Broadcasting
import EventStreams
import HTTPMessages

/// Turns a request head into what it asks for. Pure: it looks at nothing but the head.
struct Router: Sendable {
    /// What the listening socket may be asked for.
    let roles: Roles
    /// Channels that one request may name.
    let channelsPerRequest: Int

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
            return .subscribe(
                SubscriptionRequest(
                    channels: try channels(channel, query, verb: "GET"), lastEventID: lastEventID(head, query)))
        case "HEAD" where roles.contains(.subscribe):
            try acceptEventStream(head)
            _ = try channels(channel, try query(head), verb: "HEAD")
            return .describeStream
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
            throw Problem(406, "What is here is text/event-stream, which the Accept field does not allow.")
        }
    }

    private func query(_ head: RequestHead) throws(Problem) -> Query {
        guard let query = Query(head.target.query) else {
            throw Problem(400, "The query has a % that is not followed by two hexadecimal digits.")
        }
        return query
    }

    private func channels(
        _ path: ArraySlice<UInt8>, _ query: Query, verb: String
    ) throws(Problem) -> [ChannelName] {
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
        do throws(ChannelName.Invalid) {
            var names: [ChannelName] = []
            for bytes in all { names.append(try ChannelName(utf8: bytes)) }
            return names
        } catch {
            throw Problem(error)
        }
    }

    /// The field first, then the query in the spellings that clients without the field use. An absent position and
    /// an empty one are the same: a browser that has no id sends no field.
    private func lastEventID(_ head: RequestHead, _ query: Query) -> [UInt8]? {
        let spellings = ["lastEventId", "lastEventID", "last-event-id", "last_event_id"]
        let named = head.fields.first("last-event-id").map { Array($0) } ?? spellings.lazy.compactMap(query.first).first
        return named?.isEmpty == true ? nil : named
    }

    private func publish(_ head: RequestHead, _ path: ArraySlice<UInt8>) throws(Problem) -> PublishRequest {
        try refuseCrossSite(head)
        guard head.hasFraming else { throw Problem(411, "A publish needs Content-Length or chunked encoding.") }
        try acceptMediaType(head)
        let query = try query(head)
        let known = ["channel", "event", "id", "retry", "key"]
        if let stranger = query.parameters.first(where: { !known.contains(String(decoding: $0.name, as: UTF8.self)) }) {
            let name = String(decoding: stranger.name.prefix(64), as: UTF8.self)
            throw Problem(400, "?\(name)= is not understood; channel, event, id, retry and key are.")
        }
        let channels = try channels(path, query, verb: "POST")
        guard !channels.contains(where: \.isReserved) else {
            throw Problem(403, "Channels whose name starts with $ are the daemon's own.")
        }
        do throws(InvalidEvent) {
            return PublishRequest(
                channels: channels,
                id: try query.first("id").flatMap { bytes throws(InvalidEvent) in try EventID(utf8: bytes) },
                name: try query.first("event").flatMap { bytes throws(InvalidEvent) in try EventName(utf8: bytes) },
                retry: try query.first("retry").map { bytes throws(InvalidEvent) in try Retry(digits: bytes) },
                key: try query.first("key").flatMap { bytes throws(InvalidEvent) in try EventKey(utf8: bytes) })
        } catch {
            throw Problem(error)
        }
    }

    /// A page on another site can make a browser POST text without asking first. Where the browser says that this is
    /// what happens, it is refused: being able to reach this socket must not be all it takes.
    private func refuseCrossSite(_ head: RequestHead) throws(Problem) {
        var isForeign = head.fields.text("sec-fetch-site") == "cross-site"
        if let origin = head.fields.text("origin"), let host = head.fields.text("host") {
            isForeign =
                isForeign || origin.lowercased().split(separator: "://").last.map(String.init) != host.lowercased()
        }
        guard !isForeign else { throw Problem(403, "A page of another origin may not do this.") }
    }

    private func acceptMediaType(_ head: RequestHead) throws(Problem) {
        if let coding = head.fields.text("content-encoding"), coding.lowercased() != "identity" {
            throw Problem(415, "The body is published as it is; Content-Encoding is not understood.")
        }
        let parts = (head.fields.text("content-type") ?? "").lowercased().split(separator: ";")
            .map { $0.filter { $0 != " " && $0 != "\"" } }
        if let type = parts.first, ["application/x-ndjson", "text/event-stream"].contains(type) {
            throw Problem(415, "\(type) is not understood here; the body of a publish is the data of one event.")
        }
        for part in parts.dropFirst() where part.hasPrefix("charset=") && part != "charset=utf-8" {
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
        let name: ChannelName
        do throws(ChannelName.Invalid) { name = try ChannelName(utf8: channel) } catch { throw Problem(error) }
        if head.method == "DELETE" {
            try refuseCrossSite(head)
            return .endChannel(name)
        }
        return try only("GET, HEAD, DELETE, OPTIONS", head) { .showChannel(name) }
    }
}
