import Broadcasting
import Bytes
import EventStreams
import HTTPMessages
import Metrics

/// Turns a request head into a route. It depends on the head and its own properties only, and changes nothing.
struct Router: Sendable {
    /// The roles of the listening socket.
    let roles: Roles
    /// The values of Host that the listening socket answers.
    let hosts: HostRules
    /// The origins whose pages may use the listening socket.
    let origins: OriginRules
    /// Whether `?token=` carries a token, so that it is no unknown parameter.
    let allowsQueryToken: Bool
    /// Whether rules of access decide what a caller may do.
    var isAccessControlled = false
    /// The limits on the channels that a request names.
    let nameLimits: NameLimits
    /// Milliseconds since 1970, by the clock that gives events their times; for `?since=`.
    let now: UInt64
    /// Milliseconds that the clock of the machine is ahead of it, because somebody has set it.
    let clockAhead: Int64

    func route(_ head: RequestHead) -> Route {
        do throws(Problem) {
            return try resolve(head)
        } catch {
            return .problem(error)
        }
    }

    private func resolve(_ head: RequestHead) throws(Problem) -> Route {
        if let host = head.fields.first("host"), !hosts.allows(host) {
            let name = String(decoding: host.prefix(255), as: UTF8.self)
            throw Problem(421, "This address does not answer to the Host \"\(name)\" (hosts in [[listen]]).")
        }
        let path = head.target.path
        if path.equals("*") { return .methods("GET, HEAD, POST, DELETE, OPTIONS") }
        if let channel = Self.name(in: path, under: "/events") { return try resolveEvents(head, try decoded(channel)) }
        if roles.contains(.admin) {
            if let channel = Self.name(in: path, under: "/channels") {
                if let name = Self.presence(channel) { return try resolvePresence(head, try decoded(name)) }
                return try resolveChannels(head, try decoded(channel))
            }
            if let session = Self.name(in: path, under: "/sessions") {
                return try resolveSessions(head, try decoded(session))
            }
            if path.equals("/metrics") {
                try refuseParameters(of: try query(head))
                return try only("GET, HEAD, OPTIONS", head) { .metrics(Self.expositionFormat(head)) }
            }
            if path.equals("/config") {
                try refuseParameters(of: try query(head))
                return try only("GET, HEAD, OPTIONS", head) { .showConfiguration }
            }
            if path.equals("/debug/state") { return try only("GET, HEAD, OPTIONS", head) { .state } }
            if let file = ConsoleFile(path: path) { return try only("GET, HEAD, OPTIONS", head) { .console(file) } }
        }
        if path.equals("/access") {
            try refuseParameters(of: try query(head))
            return try only("GET, HEAD, OPTIONS", head) { .showAccess(roles) }
        }
        if path.equals("/readyz") { return try only("GET, HEAD, OPTIONS", head) { .readiness } }
        if path.equals("/healthz") { return try only("GET, HEAD, OPTIONS", head) { .health } }
        throw .notFound
    }

    /// OpenMetrics for a scraper that names it, otherwise the older format, which everything understands.
    private static func expositionFormat(_ head: RequestHead) -> Exposition.Format {
        let names = head.fields.list("accept").map { ($0.cut(at: 0x3B)?.before ?? $0).trimmed }
        return names.contains { $0.equalsIgnoringCase("application/openmetrics-text") } ? .openMetrics : .prometheus
    }

    /// The rest of a path after a prefix and a slash, empty for the prefix alone; nil for another path.
    private static func name(in path: ArraySlice<UInt8>, under prefix: StaticString) -> ArraySlice<UInt8>? {
        guard path.starts(with: prefix) else { return nil }
        let rest = path.dropFirst(prefix.utf8CodeUnitCount)
        return rest.isEmpty || rest.first == 0x2F ? rest.dropFirst() : nil
    }

    private func decoded(_ name: ArraySlice<UInt8>) throws(Problem) -> ArraySlice<UInt8> {
        guard let name = PercentCoding.decode(name) else {
            throw Problem(400, "The path has a % that is not followed by two hexadecimal digits.")
        }
        return name
    }

    func only(_ allow: String, _ head: RequestHead, _ route: () -> Route) throws(Problem) -> Route {
        switch head.method {
        case "GET", "HEAD": route()
        case "OPTIONS": .methods(allow)
        default: throw .methodNotAllowed(head.method, allow: allow)
        }
    }

    // MARK: /events

    private func resolveEvents(_ head: RequestHead, _ channel: ArraySlice<UInt8>) throws(Problem) -> Route {
        switch head.method {
        case "GET" where roles.contains(.subscribe):
            let query = try query(head)
            return .subscribe(
                try subscription(head, query, channel), try form(head, query), tellsSession: try tellsSession(query))
        case "HEAD" where roles.contains(.subscribe):
            let query = try query(head)
            return .describeStream(try subscription(head, query, channel), try form(head, query))
        case "POST" where roles.contains(.publish): return .publish(try publish(head, channel))
        default: break
        }
        var methods: [String] = []
        if roles.contains(.subscribe) { methods += ["GET", "HEAD"] }
        if roles.contains(.publish) { methods += ["POST"] }
        guard !methods.isEmpty else { throw .notFound }
        let allow = (methods + ["OPTIONS"]).joined(separator: ", ")
        switch head.method {
        case "OPTIONS": return .methods(allow)
        case "GET", "HEAD", "POST": throw .notFound
        default: throw .methodNotAllowed(head.method, allow: allow)
        }
    }

    func query(_ head: RequestHead) throws(Problem) -> Query {
        guard let query = Query(head.target.query) else {
            throw Problem(400, "The query has a % that is not followed by two hexadecimal digits.")
        }
        return query
    }

    /// The names of channels, or of patterns, decoded and not validated.
    func names(
        _ head: RequestHead, _ path: ArraySlice<UInt8>, _ query: Query
    ) throws(Problem) -> [ArraySlice<UInt8>] {
        let named = query.values("channel")
        guard path.isEmpty || named.isEmpty else {
            throw Problem(400, "Name the channel in the path or in ?channel=, not in both.")
        }
        let all = path.isEmpty ? named : [path]
        guard !all.isEmpty else {
            let hint =
                head.method == "POST" ? " An envelope names its channel, and needs Content-Type: application/json." : ""
            throw Problem(
                400, "No channel is named: \(head.method) /events/{channel}, or /events?channel=a&channel=b.\(hint)")
        }
        guard all.count <= nameLimits.channels else {
            throw Problem(
                400,
                "\(all.count) channels are named; \(nameLimits.channels) is the limit (limits.channels-per-subscriber)."
            )
        }
        return all
    }

    func channel(_ bytes: ArraySlice<UInt8>) throws(Problem) -> ChannelName {
        do throws(ChannelName.Invalid) {
            return try ChannelName(utf8: bytes, segments: nameLimits.segments)
        } catch {
            throw Problem(error)
        }
    }

    /// Refuses to publish or delete for a page of another origin that is not listed. Such a page can make a browser POST text without a
    /// preflight, so otherwise every page could publish through any browser that reaches this socket.
    func refuseOtherOrigins(_ head: RequestHead) throws(Problem) {
        guard Self.isOfSameOrigin(head) || origins.listsOrigin(of: head) else {
            throw Problem(403, "A page of another origin may not do this (origins in [[listen]]).")
        }
    }

    /// Whether no page, or a page of the same origin, sends the request. A browser says so itself, and behind a proxy
    /// only the browser knows: the proxy may replace Host.
    private static func isOfSameOrigin(_ head: RequestHead) -> Bool {
        if let site = head.fields.first("sec-fetch-site") { return site.equals("same-origin") || site.equals("none") }
        guard let origin = head.fields.text("origin") else { return true }
        guard let host = head.fields.text("host") else { return false }
        return origin.lowercased().split(separator: "://").last.map(String.init) == host.lowercased()
    }

    // MARK: /channels

    /// The channel of a path that ends in `/presence`; nil for another path.
    private static func presence(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let suffix = Array("/presence".utf8)
        return path.count > suffix.count && path.suffix(suffix.count).elementsEqual(suffix)
            ? path.dropLast(suffix.count) : nil
    }

    private func resolvePresence(_ head: RequestHead, _ channel: ArraySlice<UInt8>) throws(Problem) -> Route {
        let name = try self.channel(channel)
        let query = try query(head)
        try refuseParameters(of: query, except: "after")
        let place = try place(query)
        return try only("GET, HEAD, OPTIONS", head) { .showPresence(name, from: place) }
    }

    private func resolveChannels(_ head: RequestHead, _ channel: ArraySlice<UInt8>) throws(Problem) -> Route {
        guard !channel.isEmpty else {
            let query = try query(head)
            try refuseParameters(of: query, except: "after")
            let after = query.first("after").map { String(decoding: $0, as: UTF8.self) }
            return try only("GET, HEAD, OPTIONS", head) { .listChannels(after: after, count: 250) }
        }
        let name = try self.channel(channel)
        try refuseParameters(of: try query(head))
        if head.method == "DELETE" {
            try refuseOtherOrigins(head)
            guard !name.isReserved else {
                throw Problem(403, "Channels whose name starts with $ are the daemon's own.")
            }
            return .endChannel(name)
        }
        return try only("GET, HEAD, DELETE, OPTIONS", head) { .showChannel(name) }
    }

    /// Whether the target of a request has a token.
    func carriesToken(_ head: RequestHead) -> Bool {
        allowsQueryToken && Query(head.target.query)?.first("token") != nil
    }

    /// Whether a parameter carries a token.
    func isToken(_ name: ArraySlice<UInt8>) -> Bool { allowsQueryToken && name.equals("token") }

    func refuseParameters(of query: Query, except allowed: StaticString? = nil) throws(Problem) {
        for parameter in query.parameters
        where !isToken(parameter.name) && allowed.map({ !parameter.name.equals($0) }) ?? true {
            let name = String(decoding: parameter.name.prefix(64), as: UTF8.self)
            throw Problem(400, "Unknown parameter \"\(name)\"; allowed: \(allowed.map { "\($0)" } ?? "none").")
        }
    }
}
