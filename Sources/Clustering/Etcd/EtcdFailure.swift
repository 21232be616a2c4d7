import JSON

/// Makes failures of the errors that etcd answers with.
enum EtcdFailure {
    /// etcd has forgotten the token of the user, or never gave it.
    static let staleToken = "etcd no longer knows the token of the user"

    /// The failure of an answer with another status than 200.
    static func failure(status: Int, body: [UInt8]) -> LogFailure {
        guard let tree = try? JSONTree(body) else { return .unreachable("etcd answers with the status \(status)") }
        return failure(of: tree)
    }

    /// The failure of an error, as the gateway writes it: an object with a code of gRPC and a text, within another one on a
    /// stream.
    static func failure(of error: JSONTree) -> LogFailure {
        let text = error["message"]?.text ?? error["error"]?.text ?? "etcd gives no reason"
        let code = error["code"]?.number ?? error["grpc_code"]?.number ?? 0
        if text.contains("database space exceeded") { return .full("etcd is full") }
        if text.contains("required revision has been compacted") { return .compacted(0) }
        switch code {
        case 16: return .refused(staleToken)
        // Invalid argument, not found, permission denied, failed precondition, not implemented.
        case 3, 5, 7, 9, 12: return .refused("etcd refuses it: \(text)")
        default: return .unreachable(text)
        }
    }
}
