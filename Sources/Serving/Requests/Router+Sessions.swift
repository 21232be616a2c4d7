import Broadcasting
import Bytes
import EventStreams
import HTTPMessages
import Kernel

/// Reads requests about sessions.
extension Router {
    /// - Parameter path: what follows `/sessions`, decoded.
    func resolveSessions(_ head: RequestHead, _ path: ArraySlice<UInt8>) throws(Problem) -> Route {
        if path.isEmpty { return try resolveAllSessions(head) }
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let session = SessionID(String(decoding: parts[0], as: UTF8.self)), parts.count <= 2 else {
            throw Problem(404, "There is no such session.")
        }
        if parts.count == 2 {
            guard parts[1].equals("events") else { throw .notFound }
            guard head.method == "POST" || head.method == "OPTIONS" else {
                throw .methodNotAllowed(head.method, allow: "POST, OPTIONS")
            }
            return head.method == "POST" ? .publish(try push(head, session)) : .methods("POST, OPTIONS")
        }
        try refuseParameters(of: try query(head))
        if head.method == "DELETE" {
            try refuseOtherOrigins(head)
            return .endSession(session)
        }
        return try only("GET, HEAD, DELETE, OPTIONS", head) { .showSession(session) }
    }

    private func resolveAllSessions(_ head: RequestHead) throws(Problem) -> Route {
        let query = try query(head)
        if head.method == "DELETE" {
            try refuseOtherOrigins(head)
            let filter = try filter(query, allowed: ["address", "token", "caller"])
            guard !filter.isEmpty else {
                throw Problem(400, "Name the sessions to end: ?token=, ?caller= or ?address=.")
            }
            return .endSessions(filter)
        }
        let filter = try filter(
            query, allowed: ["channel", "address", "token", "caller", "state", "min-lag", "after", "node"])
        let question = nodeQuestion(head, query)
        let place = try place(query)
        return try only("GET, HEAD, DELETE, OPTIONS", head) { .listSessions(filter, from: place, of: question) }
    }

    /// The same request for the node that it names; nil when it names none.
    private func nodeQuestion(_ head: RequestHead, _ query: Query) -> NodeQuestion? {
        guard let node = query.first("node") else { return nil }
        let written = String(decoding: head.target.query ?? [], as: UTF8.self)
        let others = written.split(separator: "&").filter { !$0.hasPrefix("node=") && !$0.hasPrefix("token=") }
        return NodeQuestion(
            node: String(decoding: node, as: UTF8.self), target: "/sessions?" + others.joined(separator: "&"),
            authorization: head.fields.first("authorization").map { String(decoding: $0, as: UTF8.self) })
    }

    /// Where a page begins.
    func place(_ query: Query) throws(Problem) -> SessionPlace {
        guard let after = query.first("after") else { return SessionPlace() }
        guard let place = SessionPlace(String(decoding: after, as: UTF8.self)) else {
            throw Problem(400, "?after= is the next of the page before.")
        }
        return place
    }

    private func filter(_ query: Query, allowed: [StaticString]) throws(Problem) -> SessionFilter {
        var filter = SessionFilter()
        var seen: Set<[UInt8]> = []
        for parameter in query.parameters where !isToken(parameter.name) {
            guard seen.insert(Array(parameter.name)).inserted else {
                let text = String(decoding: parameter.name.prefix(64), as: UTF8.self)
                throw Problem(400, "The parameter \"\(text)\" comes twice.")
            }
            let (name, value) = (parameter.name, parameter.value)
            guard let known = allowed.first(where: { name.equals($0) }) else {
                let text = String(decoding: name.prefix(64), as: UTF8.self)
                let names = allowed.map { "\($0)" }.joined(separator: ", ")
                throw Problem(400, "Unknown parameter \"\(text)\"; allowed: \(names).")
            }
            let text = String(decoding: value, as: UTF8.self)
            switch "\(known)" {
            case "channel": filter.subject = try subject(value)
            case "address":
                guard let address = IPAddress(text) else { throw Problem(400, "?address= is an IP address.") }
                filter.address = address
            case "token", "caller":
                // Callers without a name are not one caller.
                guard !text.isEmpty else { throw Problem(400, "?\(known)= is the name of a caller.") }
                filter.name = text
            case "state":
                guard let state = SessionFilter.State(rawValue: text) else {
                    throw Problem(400, "?state= is live, behind or ending.")
                }
                filter.state = state
            case "min-lag":
                guard let lag = Int(text), lag >= 0 else { throw Problem(400, "?min-lag= is a number of events.") }
                filter.lag = lag
            default: break
            }
        }
        return filter
    }

    private func subject(_ bytes: ArraySlice<UInt8>) throws(Problem) -> TopicSubject {
        guard bytes.contains(UInt8(ascii: "*")) else { return .channel(try channel(bytes)) }
        do throws(ChannelPattern.Invalid) {
            return .pattern(try ChannelPattern(String(decoding: bytes, as: UTF8.self), segments: nameLimits.segments))
        } catch {
            throw Problem(error)
        }
    }

    /// An event, or several, for one session.
    private func push(_ head: RequestHead, _ session: SessionID) throws(Problem) -> PublishRequest {
        try refuseOtherOrigins(head)
        guard head.hasFraming else { throw Problem(411, "A push needs Content-Length or chunked encoding.") }
        let type = MediaType(head)
        try acceptCoding(head, type)
        let query = try query(head)
        let isOneEvent = type != .lines && type != .eventStream
        for parameter in query.parameters where !isToken(parameter.name) {
            let known: [StaticString] = isOneEvent ? ["event", "id", "retry", "comment"] : ["comment"]
            guard !known.contains(where: { parameter.name.equals($0) }) else { continue }
            let text = String(decoding: parameter.name.prefix(64), as: UTF8.self)
            let names = known.map { "\($0)" }.joined(separator: ", ")
            throw Problem(400, "Unknown parameter \"\(text)\"; allowed: \(names).")
        }
        let form: PublishRequest.Form =
            switch type {
            case .lines: .lines
            case .eventStream: .eventStream
            case .json, .multipart, .other: .data(try event(query))
            }
        let comment = query.first("comment").map { String(decoding: $0, as: UTF8.self) }
        return PublishRequest(
            form: form, channels: [Self.sessionChannel], idempotencyKey: nil,
            session: PublishRequest.Target(session: session, comment: comment))
    }

    /// Stands for the channel of events for a session, which are in no channel.
    private static let sessionChannel: ChannelName = {
        guard let name = try? ChannelName("$crier/session") else { preconditionFailure("the name is valid") }
        return name
    }()
}
