/// Makes failures of the status with which etcd ends a call (grpc.io/docs/guides/status-codes).
enum EtcdFailure {
    /// etcd has forgotten the token of the user, or never gave it.
    static let staleToken = "etcd no longer knows the token of the user"

    static func failure(code: Int, _ text: String) -> LogFailure {
        if text.contains("database space exceeded") { return .full("etcd is full") }
        if text.contains("required revision has been compacted") { return .compacted(0) }
        if text.contains("too large") || text.contains("larger than max") {
            return .refused("etcd refuses it: \(text)")
        }
        if text.contains("auth store is old") { return .refused(staleToken) }
        switch code {
        case 16: return .refused(staleToken)
        // Invalid argument, not found, permission denied, failed precondition, not implemented.
        case 3, 5, 7, 9, 12: return .refused("etcd refuses it: \(text)")
        default: return .unreachable(text.isEmpty ? "etcd answers with the status \(code)" : text)
        }
    }
}
