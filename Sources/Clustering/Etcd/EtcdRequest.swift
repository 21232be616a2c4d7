import Bytes

/// The bodies of requests to etcd's JSON gateway. Keys and values are in base64.
enum EtcdRequest {
    /// A condition of a transaction.
    enum Condition {
        /// A key has this value.
        case value(String, [UInt8])
        /// A key was last changed in this revision; 0 for a key that does not exist.
        case modified(String, UInt64)
    }

    /// A part of a transaction.
    enum Operation {
        case put(String, [UInt8])
        /// Reads a key.
        case get(String, keysOnly: Bool)
    }

    /// The members of a range: of one key, or of all that begin with it.
    static func range(_ key: String, isPrefix: Bool = false, revision: UInt64 = 0) -> [UInt8] {
        var body = Array("{".utf8)
        append("key", Array(key.utf8), to: &body)
        if isPrefix {
            body.append(",")
            append("range_end", EtcdKeys.end(of: key), to: &body)
        }
        if revision > 0 { body.append(#","revision":"\#(revision)""#) }
        body.append("}")
        return body
    }

    /// A transaction.
    ///
    /// - Parameters:
    ///   - success: done when all conditions hold.
    ///   - failure: done otherwise.
    static func transaction(
        _ conditions: [Condition], _ success: [Operation], otherwise failure: [Operation] = []
    ) -> [UInt8] {
        var body = Array(#"{"compare":["#.utf8)
        for (index, condition) in conditions.enumerated() {
            body.append(index > 0 ? ",{" : "{")
            switch condition {
            case .value(let key, let value):
                body.append(#""target":"VALUE","result":"EQUAL","#)
                append("key", Array(key.utf8), to: &body)
                body.append(",")
                append("value", value, to: &body)
            case .modified(let key, let revision):
                body.append(#""target":"MOD","result":"EQUAL","mod_revision":"\#(revision)","#)
                append("key", Array(key.utf8), to: &body)
            }
            body.append("}")
        }
        body.append(#"],"success":["#)
        append(success, to: &body)
        body.append(#"],"failure":["#)
        append(failure, to: &body)
        body.append("]}")
        return body
    }

    private static func append(_ operations: [Operation], to body: inout [UInt8]) {
        for (index, operation) in operations.enumerated() {
            if index > 0 { body.append(",") }
            switch operation {
            case .put(let key, let value):
                body.append(#"{"request_put":{"#)
                append("key", Array(key.utf8), to: &body)
                body.append(",")
                append("value", value, to: &body)
                body.append("}}")
            case .get(let key, let keysOnly):
                body.append(#"{"request_range":{"#)
                append("key", Array(key.utf8), to: &body)
                body.append(#","keys_only":\#(keysOnly)}}"#)
            }
        }
    }

    /// A put under a lease.
    static func put(_ key: String, _ value: [UInt8], lease: String) -> [UInt8] {
        var body = Array("{".utf8)
        append("key", Array(key.utf8), to: &body)
        body.append(",")
        append("value", value, to: &body)
        body.append(#","lease":"\#(lease)"}"#)
        return body
    }

    /// A watch of all keys that begin with some text. A large answer comes in fragments: otherwise 60 MB of a log came as one
    /// message of 80 MB.
    static func watch(_ prefix: String, from revision: UInt64) -> [UInt8] {
        var body = Array(#"{"create_request":{"#.utf8)
        append("key", Array(prefix.utf8), to: &body)
        body.append(",")
        append("range_end", EtcdKeys.end(of: prefix), to: &body)
        body.append(#","start_revision":"\#(revision)","fragment":true,"progress_notify":true}}"#)
        return body
    }

    private static func append(_ name: StaticString, _ bytes: [UInt8], to body: inout [UInt8]) {
        body.append("\"")
        body.append(name)
        body.append("\":\"")
        Base64.append(bytes.span, to: &body)
        body.append("\"")
    }
}
