import Access
import Broadcasting
import Bytes
import EventStreams

/// Answers `GET /access`: the rights of the caller.
struct AccessAnswer {
    /// The grant of the caller; nil when nobody needs one.
    let grant: Grant?
    /// The roles of the listening socket.
    let roles: Roles

    var answer: Answer {
        var json = Array(#"{"controlled":\#(grant != nil),"roles":["#.utf8)
        let names: [(Roles, String)] = [(.subscribe, "subscribe"), (.publish, "publish"), (.admin, "admin")]
        json.append(names.filter { roles.contains($0.0) }.map { "\"\($0.1)\"" }.joined(separator: ","))
        json.append("]")
        if let grant {
            json.append(#","name":\#(grant.name.isEmpty ? "null" : JSONText.string(grant.name))"#)
            append("subscribe", grant.rights.subscribe, to: &json)
            append("publish", grant.rights.publish, to: &json)
            json.append(#","admin":\#(grant.rights.isAdmin)"#)
            json.append(#","expires":\#(grant.expiry.map { "\($0 / 1000)" } ?? "null")"#)
        }
        json.append("}")
        return .json(json)
    }

    private func append(_ name: StaticString, _ patterns: [ChannelPattern], to json: inout [UInt8]) {
        let texts = patterns.map { JSONText.string($0.description) }
        json.append(",\"\(name)\":[\(texts.joined(separator: ","))]")
    }
}
