import Bytes
import EventStreams

/// The result of a readiness check: for each part nil, or a reason without a full stop.
struct ReadinessReport {
    /// Where the history is.
    let store: String
    /// In a cluster: whether the node has applied what the majority has.
    var cluster: String??
    /// Whether every event loop turns.
    var loops: String?
    /// Whether an event comes from a publish to the sockets of subscribers.
    var delivery: String?
    /// Whether the history on disk takes an event.
    var history: String?
    /// How long the event took.
    var nanoseconds: UInt64?

    init(store: String) { self.store = store }

    /// 200, or 503 with the reasons.
    var answer: Answer {
        var checks: [(StaticString, String?)] = [
            ("loops", loops), ("delivery", delivery), ("history", history),
        ]
        if let cluster { checks.append(("cluster", cluster)) }
        let isReady = checks.allSatisfy { $0.1 == nil }
        var json = Array(#"{"ready":\#(isReady),"checks":{"#.utf8)
        for (index, (name, reason)) in checks.enumerated() {
            if index > 0 { json.append(",") }
            json.append("\"")
            json.append(name)
            json.append(reason == nil ? #"":{"ok":true"# : #"":{"ok":false,"reason":"# as StaticString)
            if let reason { JSONText.append(quoted: reason, to: &json) }
            if index == 1, let nanoseconds { json.append(#","microseconds":\#(nanoseconds / 1000)"#) }
            if index == 2 { json.append(#","store":"\#(store)""#) }
            json.append("}")
        }
        json.append("}}")
        var answer = Answer.json(json)
        if !isReady {
            answer.status = 503
            answer.fields.append(("Retry-After", "1"))
        }
        return answer
    }
}
